"""What a layer asks of its input, and the refusal of an input that differs."""

from __future__ import annotations

from ..errors import DtypeError, ShapeError, message
from .symbol import described, leaves


class InputSpec:
    """What a layer takes: every part that is given is checked at each call.

    dtype     element type
    shape     the whole shape, None where any size will do
    ndim      the number of dimensions, with the batch; ``min_ndim`` and ``max_ndim`` bound it
    axes      sizes of single axes, such as ``{-1: 784}``
    reason    why, in words: it ends the line "want" of the message; ``fix`` is its last line, if given

    >>> lamina.layers.InputSpec(min_ndim=2, axes={-1: 784}).text()
    'float32[batch, 784]'
    """

    def __init__(
        self,
        dtype=None,
        shape=None,
        ndim=None,
        max_ndim=None,
        min_ndim=None,
        axes=None,
        optional=False,
        reason: str = "",
        fix: str = "",
    ):
        self.dtype, self.shape = dtype, None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim, self.optional, self.reason = max_ndim, min_ndim, optional, reason
        self.fix = fix
        self.axes = dict(axes or {}) if self.shape is None else dict(enumerate(self.shape))

    def fits(self, x) -> bool:
        """Whether a tensor is as the layer wants it; sizes not yet known fit."""
        rank = len(x.shape)
        if (self.ndim is not None and rank != self.ndim) or rank < (self.min_ndim or 0):
            return False
        if (self.max_ndim is not None and rank > self.max_ndim) or (
            self.dtype is not None and str(x.dtype) != self.dtype
        ):
            return False
        return all(
            -rank <= axis < rank and (size is None or x.shape[axis] in (None, size)) for axis, size in self.axes.items()
        )

    def text(self) -> str:
        """The wanted input as it stands in messages."""
        rank = self.ndim or max(self.min_ndim or 0, 1 + max((a if a >= 0 else -a - 1 for a in self.axes), default=0))
        sizes = ["batch" if i == 0 else "any" for i in range(rank)]
        for axis, size in self.axes.items():
            if size is not None:
                sizes[axis] = str(size)
        more = self.ndim is None and self.max_ndim != rank and rank != 2
        if self.ndim is None and not self.axes:
            return (
                f"at least {self.min_ndim or 0} dimensions"
                if self.max_ndim is None
                else f"{rank} to {self.max_ndim} dimensions"
            )
        return f"{self.dtype or 'float32'}[{', '.join(['batch', '…', *sizes[1:]] if more else sizes)}]"


def check(layer, spec, inputs, maker) -> None:
    """Refuses inputs that do not fit the ``input_spec`` of a layer; ``maker(x)`` is the layer that made x, or None."""
    if spec is None:
        return
    values = list(leaves(inputs))
    if not any(hasattr(x, "shape") for x in values):
        raise DtypeError(message(f"{layer.label} takes a tensor", got=repr(inputs)[:60], where=True))
    specs = list(spec) if isinstance(spec, list | tuple) else [spec]
    if len(values) > 1 and len(specs) == 1:
        got = [described(x) + made_by(maker(x)) for x in values if hasattr(x, "shape")]
        problem = f"{layer.label} takes one tensor, {len(values)} were given"
        raise ShapeError(message(problem, got=got, fix="put them together first, with Concatenate or Add", where=True))
    for one, x in zip(specs, values, strict=False):
        if x is not None and hasattr(x, "shape") and not one.fits(x):
            raise refusal(layer, one, x, maker(x))


def made_by(layer) -> str:
    """Where a tensor comes from, as the line "got" ends."""
    return f"   from {layer.label}" if layer is not None else ""


def refusal(layer, spec: InputSpec, x, source) -> ShapeError:
    """The message of DESIGN section 7: which layer, what came and from where, what was wanted and why, the fix."""
    want = spec.text() + (f", because {spec.reason}" if spec.reason else "")
    problem, got = f"{layer.label} cannot take this input", described(x) + made_by(source)
    return ShapeError(message(problem, got=got, want=want, fix=fix(spec, x), where=True))


def fix(spec: InputSpec, x) -> str:
    """What the user may do about it."""
    rank = len(x.shape)
    if (spec.ndim is not None and rank != spec.ndim) or rank < (spec.min_ndim or 0):
        if spec.fix:
            return spec.fix
        needed = spec.ndim or spec.min_ndim or 0
        if rank == needed - 1:
            return f"add the missing dimension: x[None] for one sample, x[..., None] for one feature, gives {needed}"
        return f"reshape the input to {needed} dimensions" + (
            "; Flatten() makes two of any number" if needed == 2 else ""
        )
    for axis, size in spec.axes.items():
        if size is not None and x.shape[axis] not in (None, size):
            what = "features" if axis in (-1, rank - 1) else f"values along axis {axis}"
            return f"feed {size} {what}, or build the model again for {x.shape[axis]}"
    return f"cast the input to {spec.dtype}"
