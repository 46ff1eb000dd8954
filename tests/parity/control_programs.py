"""Small programs of control flow, with the functions they need: run by `keras.ops` to record, by `lamina.ops` to test.

Each takes the module of functions and its arrays, and gives a tensor or a list of tensors.
"""

from typing import Any


def either(ops: Any, pred: Any, x: Any, y: Any) -> Any:
    """One of two branches, which close over what they read."""
    return ops.cond(pred, lambda: ops.tanh(x) * y, lambda: x - ops.square(y))


def either_of_two(ops: Any, x: Any) -> Any:
    """The condition is computed, and each branch gives two results."""
    return ops.cond(ops.sum(x) > 0, lambda: [x * x, ops.exp(x)], lambda: [-x, ops.sin(x)])


def until(ops: Any, x: Any, n: Any) -> Any:
    """Halve until the sum of magnitudes is below one, counting the steps."""
    return ops.while_loop(lambda a, i: ops.sum(ops.abs(a)) > 1.0, lambda a, i: (a * 0.5, i + 1), (x, n))


def until_at_most(ops: Any, x: Any, n: Any) -> Any:
    """The same, but at most three times."""
    going = (lambda a, i: ops.sum(ops.abs(a)) > 1.0), (lambda a, i: (a * 0.5, i + 1))
    return ops.while_loop(*going, (x, n), maximum_iterations=3)


def running(ops: Any, start: Any, xs: Any) -> Any:
    """A carry that remembers a share of what it has seen."""
    carry, ys = ops.scan(lambda c, x: (0.7 * c + ops.tanh(x), c * x), start, xs)
    return [carry, ys]


def backwards(ops: Any, start: Any, xs: Any) -> Any:
    """The same, from the last row to the first."""
    carry, ys = ops.scan(lambda c, x: (0.7 * c + ops.tanh(x), c * x), start, xs, reverse=True)
    return [carry, ys]


def counted(ops: Any, start: Any) -> Any:
    """Without rows, five times."""
    carry, ys = ops.scan(lambda c, _: (ops.sin(c) + 0.5, ops.square(c)), start, length=5)
    return [carry, ys]


PROGRAMS = {p.__name__: p for p in (either, either_of_two, until, until_at_most, running, backwards, counted)}
