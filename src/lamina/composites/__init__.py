"""Ops told in terms of other ops."""

from . import crossentropy as _crossentropy  # noqa: F401  (registers the ops)
from . import softmax as _softmax  # noqa: F401
