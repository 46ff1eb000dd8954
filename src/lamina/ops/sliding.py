"""Convolution and pooling as Keras names them: "valid" or "same" padding, and channels last or first."""

from __future__ import annotations

from math import prod

from ..errors import ArgumentError, ShapeError, message
from ..op import as_value
from .broadcast import expand
from .conv import conv_, conv_input_grad
from .create import full_like
from .defer import public
from .elementwise import div, floats, mul
from .pool import max_pool_, sum_pool_
from .shape import reshape, transpose
from .slice import pad_
from .window import same_padding


def each_axis(value, count: int, what: str) -> tuple[int, ...]:
    """One number for all spatial axes, or one for each."""
    values = (int(value),) * count if isinstance(value, int) else tuple(int(v) for v in value)
    if len(values) != count or min(values, default=1) < 1:
        raise ArgumentError(
            message(f"{what} {value} does not fit {count} spatial axes", want=f"a positive number, or {count} of them")
        )
    return values


def channels_last(x, data_format: str | None):
    """x with its channels at the end."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise ArgumentError(message(f"unknown data_format {data_format!r}", want='"channels_last" or "channels_first"'))
    if len(x.shape) < 3:
        raise ShapeError(
            message(
                "there is nothing to slide over", got=f"{x.dtype}{list(x.shape)}", want="(batch, spatial…, channels)"
            )
        )
    return transpose(x, axes=(0, *range(2, len(x.shape)), 1)) if data_format == "channels_first" else x


def as_given(y, data_format: str | None):
    """y with its channels where the user has them."""
    rank = len(y.shape)
    return transpose(y, axes=(0, rank - 1, *range(1, rank - 1))) if data_format == "channels_first" else y


def pairs(padding, sizes, size, strides, dilation):
    """ "valid", "same", or a pair for each spatial axis, as pairs."""
    if isinstance(padding, str):
        if padding.lower() not in ("valid", "same"):
            raise ArgumentError(message(f"unknown padding {padding!r}", want='"valid" or "same"'))
        return ((0, 0),) * len(size) if padding.lower() == "valid" else same_padding(sizes, size, strides, dilation)
    return tuple((int(low), int(high)) for low, high in padding)


@public
def conv(inputs, kernel, strides=1, padding="valid", data_format: str | None = None, dilation_rate=1):
    """Convolution with a kernel (spatial…, channels, filters) over inputs (batch, spatial…, channels).

    Where the kernel has fewer channels than the inputs, the channels are split into so many groups. ``padding`` may
    also be a pair (before, behind) for each spatial axis.

    >>> lamina.ops.conv(np.ones((1, 4, 4, 1), "float32"), np.ones((3, 3, 1, 8), "float32")).shape
    (1, 2, 2, 8)
    """
    x, kernel = floats(inputs, kernel)
    x = channels_last(x, data_format)
    count = len(x.shape) - 2
    size = tuple(kernel.shape[:-2])
    strides, dilation = each_axis(strides, count, "strides"), each_axis(dilation_rate, count, "dilation_rate")
    padding = pairs(padding, x.shape[1:-1], size, strides, dilation)
    groups = max(x.shape[-1] // kernel.shape[-2], 1) if len(kernel.shape) > 1 and kernel.shape[-2] else 1
    return as_given(conv_(x, kernel, strides=strides, padding=padding, dilation=dilation, groups=groups), data_format)


@public
def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format: str | None = None, dilation_rate=1):
    """Each channel convolved by itself; the kernel is (spatial…, channels, filters of each channel)."""
    kernel = as_value(kernel)
    *size, channels, multiplier = kernel.shape
    return conv(
        inputs, reshape(kernel, shape=(*size, 1, channels * multiplier)), strides, padding, data_format, dilation_rate
    )


@public
def separable_conv(
    inputs,
    depthwise_kernel,
    pointwise_kernel,
    strides=1,
    padding="valid",
    data_format: str | None = None,
    dilation_rate=1,
):
    """A depthwise convolution, then one with windows of a single cell that mixes the channels."""
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format)


@public
def conv_transpose(
    inputs, kernel, strides=1, padding="valid", output_padding=None, data_format: str | None = None, dilation_rate=1
):
    """The convolution turned round: each cell spreads the kernel (spatial…, filters, channels) over the output.

    With "same" padding the output is ``strides`` times as large as the input, with "valid" it holds every window.
    """
    x, kernel = floats(inputs, kernel)
    x = channels_last(x, data_format)
    count = len(x.shape) - 2
    strides, dilation = each_axis(strides, count, "strides"), each_axis(dilation_rate, count, "dilation_rate")
    extra = (
        [output_padding] * count if output_padding is None or isinstance(output_padding, int) else list(output_padding)
    )
    cut, sizes, missing = [], [], []
    for n, k, s, d, more in zip(x.shape[1:-1], kernel.shape[:-2], strides, dilation, extra, strict=True):
        low, high = transposed_crop((k - 1) * d + 1, s, padding, more)
        cut.append((low, max(high, 0)))
        missing.append(max(-high, 0))
        sizes.append((n - 1) * s + (k - 1) * d + 1 - low - max(high, 0))
    shape = (x.shape[0], *sizes, kernel.shape[-2])
    y = conv_input_grad(x, kernel, shape=shape, strides=strides, padding=tuple(cut), dilation=dilation, groups=1)
    if any(missing):
        y = pad_(y, low=(0,) * len(shape), high=(0, *missing, 0), interior=(0,) * len(shape), value=0.0)
    return as_given(y, data_format)


def transposed_crop(reach: int, stride: int, padding: str, extra: int | None) -> tuple[int, int]:
    """How much Keras cuts off the full transposed convolution, before and behind; below 0 it puts zeros there."""
    pairs(padding, (), (), (), ())
    if padding.lower() == "valid":
        return 0, -(max(reach, stride) - reach if extra is None else extra)
    total = stride + reach - 2 if extra is None else reach + reach % 2 - 2 + extra
    low = min(total // 2 + total % 2, reach - 1)
    return reach - 1 - low, reach - 1 - (total - low)


def window_options(x, pool_size, strides, padding):
    count = len(x.shape) - 2
    size = each_axis(pool_size, count, "pool_size")
    strides = size if strides is None else each_axis(strides, count, "strides")
    return {"size": size, "strides": strides, "padding": pairs(padding, x.shape[1:-1], size, strides, (1,) * count)}


@public
def max_pool(inputs, pool_size, strides=None, padding="valid", data_format: str | None = None):
    """The largest element of each window; ``strides`` is ``pool_size`` unless given.

    The first of equals gets the gradient.

    >>> lamina.ops.max_pool(np.arange(16.0, dtype="float32").reshape(1, 4, 4, 1), 2)[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """
    x = channels_last(floats(inputs)[0], data_format)
    return as_given(max_pool_(x, **window_options(x, pool_size, strides, padding)), data_format)


@public
def average_pool(inputs, pool_size, strides=None, padding="valid", data_format: str | None = None):
    """The mean of each window; cells that "same" padding adds are not counted, as in Keras."""
    x = channels_last(floats(inputs)[0], data_format)
    options = window_options(x, pool_size, strides, padding)
    total = sum_pool_(x, **options)
    if not any(n for pair in options["padding"] for n in pair):
        return as_given(mul(total, 1 / prod(options["size"])), data_format)
    ones = full_like(x, 1.0, (1, *x.shape[1:-1], 1))
    counts = expand(sum_pool_(ones, **options), shape=tuple(total.shape))
    return as_given(div(total, counts), data_format)


__all__ = ["average_pool", "conv", "conv_transpose", "depthwise_conv", "max_pool", "separable_conv"]
