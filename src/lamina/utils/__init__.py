"""Keras's ``utils``: class numbers to one-hot rows, sequences to tables, data read by number. The name is Keras's."""

from ..registry import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .batches import PyDataset, Sequence
from .class_rows import normalize, to_categorical
from .image_files import image_dataset_from_directory
from .seeding import set_random_seed
from .sequences import pad_sequences
from .session import (
    clear_session,
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
    is_keras_tensor,
    standardize_dtype,
)
from .text_files import text_dataset_from_directory
from .timeseries import timeseries_dataset_from_array
from .triples import pack_x_y_sample_weight, unpack_x_y_sample_weight

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "set_random_seed",
    "standardize_dtype",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
