"""Ctrl-C between two steps: a step that has begun is finished, so that weights, slots and counters belong together."""

from __future__ import annotations

import signal
import threading


class Interrupt:
    """While entered, Ctrl-C waits for the end of the running step; a second one, or one outside of steps, acts at once.

    Only Python's own handler is replaced, only in the main thread, and it is put back at the end.
    """

    def __init__(self):
        self.busy = self.pending = self.installed = False

    def __enter__(self):
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.handle)
            self.installed = True
        return self

    def __exit__(self, *_):
        if self.installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.installed = False

    def handle(self, *_) -> None:
        if self.busy and not self.pending:
            self.pending = True
            return
        raise KeyboardInterrupt

    def steps(self, run, *arguments):
        """Runs steps, and raises KeyboardInterrupt after them if it was asked for."""
        self.busy = True
        try:
            result = run(*arguments)
        finally:
            self.busy = False
        if self.pending:
            self.pending = False
            raise Finished(result)
        return result


class Finished(KeyboardInterrupt):
    """Ctrl-C came while steps were running; they are done, and ``result`` is what they gave."""

    def __init__(self, result):
        super().__init__()
        self.result = result
