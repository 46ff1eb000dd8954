"""The architecture of a model as text: its configuration, without weights."""

from __future__ import annotations

import json
from typing import Any

from ..errors import ArgumentError, message
from ..layers import deserialize


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None):
    """The model that ``model.to_json()`` described, with new weights. ArgumentError for what is no such text.

    >>> model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(3)])
    >>> lamina.models.model_from_json(model.to_json()).output_shape
    (None, 3)
    """
    try:
        config = json.loads(json_string)
    except (json.JSONDecodeError, TypeError) as problem:
        fix = "for a dict use lamina.layers.deserialize" if isinstance(json_string, dict) else None
        raise ArgumentError(message("model_from_json takes what to_json gives", got=str(problem), fix=fix)) from problem
    return deserialize(config, custom_objects)
