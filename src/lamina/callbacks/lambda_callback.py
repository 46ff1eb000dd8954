"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import unknown
from .callback import Callback

HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class LambdaCallback(Callback):
    """A callback made of functions: each argument is the name of a hook and the function that it calls.

    ``on_epoch_begin``, ``on_epoch_end``, ``on_train_begin``, ``on_train_end``, ``on_train_batch_begin``,
    ``on_train_batch_end`` and all other hooks of ``Callback``. ArgumentError for names that are no hooks.

    >>> lamina.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch)).on_epoch_end(1, {})
    1
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        **kwargs: Callable,
    ):
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if name not in HOOKS:
                raise unknown("hook of a callback", name, HOOKS)
            if function is not None:
                setattr(self, name, function)
