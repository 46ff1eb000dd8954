"""Convolution and its two adjoints: one trilinear form read three ways, so each is the others' derivative.

x is (batch, spatial…, channels), the kernel (spatial…, channels / groups, filters). As in every framework it is the
kernel unflipped that slides over x (cross-correlation). ``padding`` is a pair (before, behind) for each spatial axis.
"""

from __future__ import annotations

from math import prod
from string import ascii_lowercase

from ..errors import shape_error
from ..op import Op
from ..types import Type
from .window import add_at, cells, output_sizes, padded, padded_shape, unpadded


def case(x, kernel, strides, padding, dilation=None, groups=1):
    """Types and attributes of a sample."""
    options = {"strides": strides, "padding": padding, "dilation": dilation or (1,) * len(strides), "groups": groups}
    return Type("float32", x), Type("float32", kernel), options


CASES = [
    case((2, 5, 6, 3), (2, 3, 3, 4), (1, 1), ((0, 0), (0, 0))),
    case((2, 7, 6, 2), (3, 2, 2, 3), (2, 3), ((1, 2), (0, 1))),  # the last cells are not reached
    case((1, 7, 7, 4), (3, 2, 2, 6), (1, 2), ((1, 1), (2, 0)), (2, 3), 2),
    case((2, 5, 5, 3), (2, 2, 1, 6), (1, 1), ((0, 0), (1, 0)), None, 3),  # depthwise, two filters a channel
    case((2, 9, 2), (3, 2, 4), (2,), ((2, 0),)),
    case((1, 3, 4, 3, 2), (2, 1, 2, 2, 3), (1, 2, 1), ((0, 1), (0, 0), (1, 0))),
    case((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), ((0, 0), (0, 0))),
    case((0, 4, 4, 2), (3, 3, 2, 2), (1, 1), ((1, 1), (1, 1))),
    case((2, 8, 8, 16), (3, 3, 16, 24), (1, 1), ((1, 1), (1, 1))),
]


def output_shape(op, x: Type, kernel: Type, strides, padding, dilation, groups) -> tuple[int, ...]:
    """The shape of a convolution of x, after all checks."""
    if x.rank < 3 or kernel.rank != x.rank or x.dtype != kernel.dtype or not x.is_float:
        raise shape_error(
            op,
            "x and kernel do not belong together",
            got=(x, kernel),
            want="floats (batch, spatial…, channels) and (spatial…, channels / groups, filters)",
        )
    sizes = output_sizes(op, x, kernel.shape[:-2], strides, padding, dilation)
    if groups < 1 or kernel.shape[-2] * groups != x.shape[-1] or kernel.shape[-1] % groups:
        raise shape_error(
            op,
            f"a kernel for {kernel.shape[-2]} channels in {groups} groups meets {x.shape[-1]} channels",
            got=(x, kernel),
            want="channels = groups x those of the kernel, and filters a multiple of groups",
        )
    return (x.shape[0], *sizes, kernel.shape[-1])


def convolved(x: Type, kernel: Type, **options) -> Type:
    """The Type of a convolution, for samples."""
    return x.with_shape(*output_shape(None, x, kernel, **options))


def by_group(x, groups: int):
    """(…, channels) as (groups, cells, channels / groups)."""
    return x.reshape(prod(x.shape[:-1]), groups, x.shape[-1] // groups).swapaxes(0, 1)


def ungrouped(x, lead):
    """(groups, cells, channels / groups) as (…, channels)."""
    return x.swapaxes(0, 1).reshape(*lead, -1 if x.size else x.shape[0] * x.shape[2])


class Conv(Op):
    """Each filter laid over each window of x: products summed over window and channels."""

    kernel = "conv"
    tolerance = 1e-5
    extremes = ()  # padding is nothing in some kernels and zero in others: it meets an infinite kernel differently
    samples = [((x, k), options) for x, k, options in CASES]
    rejects = [
        ((CASES[0][0], Type("float32", (2, 3, 4, 4))), CASES[0][2], "meets 3 channels"),
        ((CASES[0][0], Type("float32", (6, 3, 3, 4))), CASES[0][2], "does not fit"),
        ((CASES[0][0], Type("float32", (3, 3, 4))), CASES[0][2], "do not belong together"),
        ((CASES[0][0], CASES[0][1]), {**CASES[0][2], "strides": (1,)}, "for each"),
        ((CASES[0][0], CASES[0][1]), {**CASES[0][2], "strides": (0, 1)}, "must be positive"),
    ]

    def infer(self, x, kernel, **options):
        return x.with_shape(*output_shape(self, x, kernel, **options))

    def compute(self, xp, x, kernel, strides, padding, dilation, groups):
        x, size = padded(xp, x, padding), kernel.shape[:-2]
        outputs = output_sizes(self, x, size, strides, ((0, 0),) * len(size), dilation)
        lead = (x.shape[0], *outputs)
        y = xp.zeros((groups, prod(lead), kernel.shape[-1] // groups), x.dtype)
        for place, where in cells(size, strides, dilation, outputs):
            y = y + by_group(x[where], groups) @ by_group(kernel[place], groups)
        return ungrouped(y, lead)

    def xla(self, xp, x, kernel, strides, padding, dilation, groups):
        from jax import lax

        axes = ascii_lowercase[: len(strides)]
        return lax.conv_general_dilated(
            x,
            kernel,
            strides,
            padding,
            rhs_dilation=dilation,
            feature_group_count=groups,
            dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
            precision="highest",
        )

    def vjp(self, dy, y, x, kernel, **options):
        return (
            conv_input_grad(dy, kernel, shape=x.shape, **options),
            conv_kernel_grad(x, dy, shape=kernel.shape, **options),
        )


class ConvInputGrad(Op):
    """The derivative of a convolution with respect to its input: each cell of dy spreads its filter over its window.

    ``shape`` is that of the input. This is also the transposed convolution.
    """

    kernel = "conv_input_grad"
    tolerance = 1e-5
    extremes = ()  # XLA multiplies padding by infinity where we add nothing
    samples = [((convolved(x, k, **options), k), {"shape": x.shape, **options}) for x, k, options in CASES]
    rejects = [
        ((Type("float32", (2, 4, 3, 4)), CASES[0][1]), {"shape": CASES[0][0].shape, **CASES[0][2]}, "is not that of")
    ]

    def infer(self, dy, kernel, shape, **options):
        x = dy.with_shape(*shape)
        wanted = output_shape(self, x, kernel, **options)
        if dy.shape != wanted:
            raise shape_error(
                self, f"dy is not that of an input of shape {shape}", got=(dy, kernel), want=str(x.with_shape(*wanted))
            )
        return x

    def compute(self, xp, dy, kernel, shape, strides, padding, dilation, groups):
        x = xp.zeros(padded_shape(shape, padding), dy.dtype)
        rows = by_group(dy, groups)
        for place, where in cells(kernel.shape[:-2], strides, dilation, dy.shape[1:-1]):
            spread = rows @ by_group(kernel[place], groups).swapaxes(1, 2)
            x = add_at(xp, x, where, ungrouped(spread, dy.shape[:-1]))
        return unpadded(x, padding)

    def xla(self, xp, dy, kernel, shape, **options):
        from jax import ShapeDtypeStruct, linear_transpose

        (dx,) = linear_transpose(lambda x: conv_.xla(xp, x, kernel, **options), ShapeDtypeStruct(shape, dy.dtype))(dy)
        return dx

    def vjp(self, dx, y, dy, kernel, shape, **options):
        return conv_(dx, kernel, **options), conv_kernel_grad(dx, dy, shape=kernel.shape, **options)


class ConvKernelGrad(Op):
    """The derivative of a convolution with respect to its kernel, which has the given ``shape``."""

    kernel = "conv_kernel_grad"
    tolerance = 1e-5
    extremes = ()
    samples = [((x, convolved(x, k, **options)), {"shape": k.shape, **options}) for x, k, options in CASES]
    rejects = [
        ((CASES[0][0], Type("float32", (2, 4, 3, 4))), {"shape": CASES[0][1].shape, **CASES[0][2]}, "is not that of")
    ]

    def infer(self, x, dy, shape, **options):
        kernel = x.with_shape(*shape)
        wanted = output_shape(self, x, kernel, **options)
        if dy.shape != wanted:
            raise shape_error(
                self, f"dy is not that of a kernel of shape {shape}", got=(x, dy), want=str(x.with_shape(*wanted))
            )
        return kernel

    def compute(self, xp, x, dy, shape, strides, padding, dilation, groups):
        x, rows = padded(xp, x, padding), by_group(dy, groups)
        places = cells(shape[:-2], strides, dilation, dy.shape[1:-1])
        parts = [ungrouped(by_group(x[where], groups).swapaxes(1, 2) @ rows, shape[-2:-1]) for _, where in places]
        return xp.stack(parts).reshape(shape)

    def xla(self, xp, x, dy, shape, **options):
        from jax import ShapeDtypeStruct, linear_transpose

        (dk,) = linear_transpose(lambda k: conv_.xla(xp, x, k, **options), ShapeDtypeStruct(shape, dy.dtype))(dy)
        return dk

    def vjp(self, dk, y, x, dy, shape, **options):
        return conv_input_grad(dy, dk, shape=x.shape, **options), conv_(x, dk, **options)


conv_, conv_input_grad, conv_kernel_grad = Conv(), ConvInputGrad(), ConvKernelGrad()
