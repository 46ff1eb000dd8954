"""A recurrent layer that reads a sequence in both directions."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError, message, unknown
from ..ops import add, concatenate, flip, multiply
from .layer import Layer, deserialize, serialize
from .symbol import leaves

MODES = ("concat", "sum", "mul", "ave")


class Bidirectional(Layer):
    """Runs a recurrent layer forwards and a second one backwards, and merges what they give.

    layer           LSTM, GRU, SimpleRNN or any layer with ``go_backwards``
    merge_mode      "concat" (default), "sum", "mul", "ave", or None for a list of both outputs
    backward_layer  the second layer; without one, made like the first

    The outputs of both stand in the order of the sequence. With ``return_state`` the states of the forward layer
    follow, then those of the backward layer. Schuster and Paliwal (IEEE Trans. Signal Processing 45, 1997).

    >>> layer = lamina.layers.Bidirectional(lamina.layers.LSTM(3, return_sequences=True))
    >>> layer(np.zeros((2, 5, 4), "float32")).shape
    (2, 5, 6)
    """

    supports_masking = True
    attributes_name = ("forward_layer", "backward_layer")
    forward_layer: Any
    backward_layer: Any
    _rows: Any

    def __init__(self, layer: Any, merge_mode="concat", weights=None, backward_layer=None, **kwargs):
        if not isinstance(layer, Layer) or not hasattr(layer, "go_backwards"):
            raise ArgumentError(message("Bidirectional wraps a recurrent layer", got=repr(layer)))
        if merge_mode is not None and merge_mode not in MODES:
            raise unknown("merge_mode", merge_mode, MODES)
        super().__init__(**kwargs)
        self.merge_mode = merge_mode
        given: Any = layer
        name = given.name.removeprefix("forward_")
        self.forward_layer = copy_of(given, f"forward_{name}", given.go_backwards)
        self.backward_layer = backward_layer or copy_of(given, f"backward_{name}", not given.go_backwards)
        if self.backward_layer.go_backwards == self.forward_layer.go_backwards:
            raise ArgumentError(
                message(
                    f"{self.label}: both layers run in one direction", fix="go_backwards=True for the backward layer"
                )
            )
        self.return_sequences, self.return_state = given.return_sequences, given.return_state
        for one in (self.forward_layer, self.backward_layer):
            # as in Keras: the two halves must agree on what is padding
            one.zero_output_for_mask = one.return_sequences
        self.__dict__["_rows"] = weights

    def build(self, sequences_shape, initial_state_shape=None):
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        if self._rows is not None:
            self.set_weights(self._rows)

    def call(self, sequences, initial_state=None, mask=None, training=None):
        states = list(leaves(initial_state)) if initial_state is not None else None
        half = len(states) // 2 if states else 0
        forward = self.forward_layer(sequences, initial_state=states[:half] if states else None, mask=mask)
        backward = self.backward_layer(sequences, initial_state=states[half:] if states else None, mask=mask)
        rest: list = []
        if self.return_state:
            rest = [*forward[1:], *backward[1:]]
            forward, backward = forward[0], backward[0]
        if self.return_sequences:
            backward = flip(backward, 1)
        merged = self.merged(forward, backward)
        if not self.return_state:
            return merged
        return (*merged, *rest) if isinstance(merged, list) else (merged, *rest)

    def merged(self, forward, backward):
        if self.merge_mode is None:
            return [forward, backward]
        if self.merge_mode == "concat":
            return concatenate([forward, backward], -1)
        if self.merge_mode == "mul":
            return multiply(forward, backward)
        total = add(forward, backward)
        return multiply(total, 0.5) if self.merge_mode == "ave" else total

    def compute_mask(self, inputs, previous_mask=None):
        mask = previous_mask[0] if isinstance(previous_mask, list | tuple) else previous_mask
        mask = mask if self.return_sequences else None
        outputs = [mask, mask] if self.merge_mode is None else [mask]
        return outputs if len(outputs) > 1 or self.return_state else mask

    def reset_state(self) -> None:
        """Sets the states of stateful layers back to zero."""
        for layer in (self.forward_layer, self.backward_layer):
            layer.reset_state()

    def get_config(self):
        config = super().get_config()
        config.pop("weights", None)
        config["layer"] = serialize(self.forward_layer)
        config["backward_layer"] = serialize(self.backward_layer)
        return config


def copy_of(layer: Layer, name: str, go_backwards: bool) -> Layer:
    """A new layer of the same configuration under another name and direction."""
    spec = serialize(layer)
    config = {**spec["config"], "name": name, "go_backwards": go_backwards}
    return deserialize({"class_name": spec["class_name"], "config": config}, {spec["class_name"]: type(layer)})
