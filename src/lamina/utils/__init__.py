"""Keras's ``utils``: class numbers to one-hot rows, sequences to tables, data read by number. The name is Keras's."""

from ..registry import custom_object_scope, get_registered_name, get_registered_object, register_keras_serializable
from .batches import PyDataset, Sequence
from .class_rows import normalize, to_categorical
from .image_files import image_dataset_from_directory
from .seeding import set_random_seed
from .sequences import pad_sequences
from .text_files import text_dataset_from_directory
from .timeseries import timeseries_dataset_from_array

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "custom_object_scope",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "normalize",
    "pad_sequences",
    "register_keras_serializable",
    "set_random_seed",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
]
