"""How alike signals, points and pictures are, areas under curves, and attention, under Keras's names."""

from __future__ import annotations

import math

from ..errors import ArgumentError, ShapeError, message
from ..op import as_value
from ..ops.arrange import expand_dims, flip, moveaxis, pad, repeat, squeeze, swapaxes
from ..ops.axes import spelled
from ..ops.compare import logical_and
from ..ops.creation import ones, tril
from ..ops.defer import public
from ..ops.elementwise import add, cast, div, floats, mul, sub
from ..ops.indexing import get_item, where
from ..ops.products import matmul
from ..ops.reductions import mean, sum
from ..ops.transcendental import log, sqrt, square, tanh
from .pieces import extract_sequences
from .softmax import softmax


@public
def correlate(x1, x2, mode: str = "valid"):
    """Sums of products of two vectors at each shift of the second: "valid", "same" or "full", as in NumPy.

    >>> lamina.ops.correlate([1.0, 2.0, 3.0], [0.0, 1.0])
    array([2., 3.], dtype=float32)
    """
    a, b = floats(x1, x2)
    if len(a.shape) != 1 or len(b.shape) != 1 or 0 in (*a.shape, *b.shape):
        raise ShapeError(message("correlate takes two vectors that are not empty", got=[spelled(a), spelled(b)]))
    n, m = a.shape[0], b.shape[0]
    if n < m:
        return flip(correlate(b, a, mode), 0)
    around = {"valid": (0, 0), "same": (m // 2, m - 1 - m // 2), "full": (m - 1, m - 1)}.get(mode)
    if around is None:
        raise ArgumentError(message("correlate: unknown mode", got=repr(mode), want="valid, same or full"))
    windows = extract_sequences(pad(a, [around]), m, 1)
    return squeeze(matmul(windows, expand_dims(b, 1)), 1)


@public
def corrcoef(x):
    """The correlation of each row with each other.

    >>> lamina.ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).round(4).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    (x,) = floats(x)
    centred = sub(x, mean(x, axis=-1, keepdims=True))
    scale = sqrt(sum(square(centred), axis=-1, keepdims=True))
    unit = div(centred, scale)
    return matmul(unit, swapaxes(unit, -1, -2)) if len(x.shape) > 1 else sum(square(unit))


@public
def cdist(x, y):
    """Euclidean distances of the rows of x to those of y: (…, rows of x, rows of y).

    >>> lamina.ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]]).tolist()
    [[5.0, 1.0]]
    """
    x, y = floats(x, y)
    return sqrt(sum(square(sub(expand_dims(x, -2), expand_dims(y, -3))), axis=-1))


@public
def psnr(x1, x2, max_val):
    """Peak signal-to-noise ratio in decibels: 20 log10 of ``max_val`` over the root mean square of the difference."""
    x1, x2 = floats(x1, x2)
    ratio = div(square(cast(as_value(max_val), str(x1.dtype))), mean(square(sub(x1, x2))))
    return mul(log(ratio), 10 / math.log(10))


@public
def trapezoid(y, x=None, dx: float = 1.0, axis: int = -1):
    """The area under y by the trapezoidal rule, at places x or at distances ``dx``.

    >>> float(lamina.ops.trapezoid([1.0, 2.0, 3.0], dx=2.0))
    8.0
    """
    (y,) = floats(y)
    y = moveaxis(y, axis, -1)
    later, before = get_item(y, (..., slice(1, None))), get_item(y, (..., slice(None, -1)))
    if x is None:
        return sum(mul(add(later, before), dx / 2), axis=-1)
    (x,) = floats(x)
    x = x if len(x.shape) == 1 else moveaxis(x, axis, -1)
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(message("trapezoid needs a place for each value", got=[spelled(y), spelled(x)]))
    steps = sub(get_item(x, (..., slice(1, None))), get_item(x, (..., slice(None, -1))))
    return sum(mul(mul(add(later, before), steps), 0.5), axis=-1)


@public
def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
):
    """softmax(query · key × scale) · value for each head; masked keys have no weight.

    query        (batch, T, heads, size); key and value (batch, S, heads or a divisor of them, size)
    bias         is added to the scores (batch, heads, T, S); mask, of that shape, is true where a key may be looked at
    scale        1 / sqrt(size) unless given
    is_causal    whether a query sees no key behind its own place
    attn_logits_soft_cap  scores become cap × tanh(score / cap)

    The result is (batch, T, heads, size). ``flash_attention`` is accepted for Keras's sake. Vaswani and others (2017).
    """
    query, key, value = floats(query, key, value)
    if any(len(x.shape) != 4 for x in (query, key, value)):
        raise ShapeError(
            message(
                "dot_product_attention takes (batch, steps, heads, size)", got=[spelled(x) for x in (query, key, value)]
            )
        )
    shares, left = divmod(query.shape[2], key.shape[2])
    if left or key.shape[2] != value.shape[2]:
        said = f"dot_product_attention: {query.shape[2]} heads share {key.shape[2]} keys and {value.shape[2]} values"
        got = [spelled(x) for x in (query, key, value)]
        raise ShapeError(message(said, got=got, want="as many, or a divisor of them"))
    q, k, v = (moveaxis(x, 2, 1) for x in (query, key, value))
    k, v = (repeat(x, shares, axis=1) if shares > 1 else x for x in (k, v))
    scores = mul(matmul(q, swapaxes(k, -1, -2)), 1 / math.sqrt(query.shape[-1]) if scale is None else float(scale))
    if attn_logits_soft_cap is not None:
        scores = mul(tanh(div(scores, float(attn_logits_soft_cap))), float(attn_logits_soft_cap))
    scores = scores if bias is None else add(scores, bias)
    seen = tril(ones(tuple(scores.shape[-2:]), "bool")) if is_causal else None
    if mask is not None:
        seen = as_value(mask) if seen is None else logical_and(mask, seen)
    scores = scores if seen is None else where(seen, scores, -1e9)
    return moveaxis(matmul(softmax(scores, axis=-1), v), 1, 2)


__all__ = ["cdist", "corrcoef", "correlate", "dot_product_attention", "psnr", "trapezoid"]
