"""Slice and Pad, each the derivative of the other, and putting tensors end to end."""

from __future__ import annotations

from ..errors import dtype_error, shape_error
from ..op import Op
from ..types import Type

X = Type("float32", (4, 5))


class Slice(Op):
    """Every ``step``-th element from ``start`` up to and without ``stop``, for each axis. No index is negative."""

    kernel = "view"
    samples = [
        ((X,), {"start": (1, 0), "stop": (3, 5), "step": (1, 2)}),
        ((X,), {"start": (0, 0), "stop": (0, 5), "step": (1, 1)}),
        ((X,), {"start": (0, 1), "stop": (3, 5), "step": (3, 3)}),
        ((Type("int32", (7,)),), {"start": (1,), "stop": (7,), "step": (3,)}),
    ]
    rejects = [
        ((X,), {"start": (0, 0), "stop": (5, 5), "step": (1, 1)}, "outside"),
        ((X,), {"start": (0,), "stop": (1,), "step": (1,)}, "each axis"),
    ]

    def infer(self, x, start, stop, step):
        if not len(start) == len(stop) == len(step) == x.rank:
            raise shape_error(self, "needs start, stop and step for each axis", got=[x], want=f"{x.rank} of each")
        if any(not (0 <= a <= b <= n and s > 0) for a, b, s, n in zip(start, stop, step, x.shape, strict=True)):
            raise shape_error(self, f"start {start}, stop {stop}, step {step} lie outside", got=[x])
        return x.with_shape(*(-(-(b - a) // s) for a, b, s in zip(start, stop, step, strict=True)))

    def compute(self, xp, x, start, stop, step):
        return x[tuple(slice(a, b, s) for a, b, s in zip(start, stop, step, strict=True))]

    def vjp(self, dy, y, x, start, stop, step):
        ends = [a + (n - 1) * s + 1 if n else a for a, s, n in zip(start, step, y.shape, strict=True)]
        high = tuple(n - e for e, n in zip(ends, x.shape, strict=True))
        return (pad_(dy, low=start, high=high, interior=tuple(s - 1 for s in step), value=0.0),)


class Pad(Op):
    """``value`` before, behind and between the elements of each axis."""

    kernel = "pad"
    samples = [
        ((X,), {"low": (1, 0), "high": (2, 3), "interior": (0, 0), "value": 0.0}),
        ((X,), {"low": (0, 2), "high": (0, 0), "interior": (1, 2), "value": -1.5}),
        ((Type("float32", (0, 2)),), {"low": (1, 1), "high": (1, 0), "interior": (1, 0), "value": 3.0}),
        ((Type("int32", (3,)),), {"low": (1,), "high": (0,), "interior": (0,), "value": 7}),
    ]
    rejects = [((X,), {"low": (-1, 0), "high": (0, 0), "interior": (0, 0), "value": 0.0}, "not be negative")]

    def infer(self, x, low, high, interior, value):
        if not len(low) == len(high) == len(interior) == x.rank:
            raise shape_error(self, "needs low, high and interior for each axis", got=[x], want=f"{x.rank} of each")
        if min((*low, *high, *interior), default=0) < 0:
            raise shape_error(self, "padding must not be negative", got=[x], fix="slice instead")
        sizes = zip(low, x.shape, interior, high, strict=True)
        return x.with_shape(*(a + n + max(n - 1, 0) * i + b for a, n, i, b in sizes))

    def compute(self, xp, x, low, high, interior, value):
        out = xp.full(self.infer(Type(str(x.dtype), x.shape), low, high, interior, value).shape, value, x.dtype)
        return self.place(xp, out, self.where(x.shape, low, interior), x)

    @staticmethod
    def where(shape, low, interior):
        return tuple(
            slice(a, a + (n - 1) * (i + 1) + 1 if n else a, i + 1) for a, n, i in zip(low, shape, interior, strict=True)
        )

    def place(self, xp, out, where, x):
        out[where] = x
        return out

    def xla(self, xp, x, low, high, interior, value):
        from jax import lax

        return lax.pad(x, xp.asarray(value, x.dtype), tuple(zip(low, high, interior, strict=True)))

    def vjp(self, dy, y, x, low, high, interior, value):
        where = self.where(x.shape, low, interior)
        return (
            slice_(
                dy,
                start=tuple(s.start for s in where),
                stop=tuple(s.stop for s in where),
                step=tuple(s.step for s in where),
            ),
        )


class Concatenate(Op):
    """Tensors end to end along an axis."""

    kernel = "concatenate"
    samples = [
        ((X, X), {"axis": 0}),
        ((X, Type("float32", (4, 2)), Type("float32", (4, 0))), {"axis": 1}),
        ((X,), {"axis": 0}),
    ]
    rejects = [
        ((X, Type("float32", (3, 5))), {"axis": 1}, "differ outside of axis 1"),
        ((X, X), {"axis": 2}, "no axis 2"),
    ]

    def infer(self, *types, axis):
        first = types[0]
        if not 0 <= axis < first.rank:
            raise shape_error(self, f"there is no axis {axis}", got=types, want=f"an axis within 0..{first.rank - 1}")
        for t in types[1:]:
            if t.dtype != first.dtype:
                raise dtype_error(self, "dtypes differ", got=types, want="one dtype")
            if t.rank != first.rank or any(
                n != m for i, (n, m) in enumerate(zip(t.shape, first.shape, strict=True)) if i != axis
            ):
                raise shape_error(
                    self, f"shapes differ outside of axis {axis}", got=types, want=f"equal sizes but for axis {axis}"
                )
        return first.with_shape(
            *(sum(t.shape[axis] for t in types) if i == axis else n for i, n in enumerate(first.shape))
        )

    def compute(self, xp, *xs, axis):
        return xp.concatenate(xs, axis=axis)

    def vjp(self, dy, y, *xs, axis):
        parts, begin = [], 0
        for x in xs:
            parts.append(part(dy, axis, begin, begin + x.shape[axis]) if x.type.is_float else None)
            begin += x.shape[axis]
        return tuple(parts)


class Reverse(Op):
    """The elements in opposite order along axes."""

    kernel = "view"
    samples = [((X,), {"axes": (0,)}), ((X,), {"axes": (0, 1)}), ((X,), {"axes": ()})]
    rejects = [((X,), {"axes": (2,)}, "no axis 2")]

    def infer(self, x, axes):
        if any(not 0 <= a < x.rank for a in axes):
            raise shape_error(self, f"there is no axis {max(axes)}", got=[x], want=f"axes within 0..{x.rank - 1}")
        return x

    def compute(self, xp, x, axes):
        return xp.flip(x, axis=axes)

    def vjp(self, dy, y, x, axes):
        return (reverse(dy, axes=axes),)


def part(x, axis: int, start: int, stop: int, step: int = 1):
    """x[start:stop:step] along one axis, all of the others."""
    rank = len(x.shape)
    return slice_(
        x,
        start=tuple(start if i == axis else 0 for i in range(rank)),
        stop=tuple(stop if i == axis else n for i, n in enumerate(x.shape)),
        step=tuple(step if i == axis else 1 for i in range(rank)),
    )


slice_, pad_, concatenate_, reverse = Slice(), Pad(), Concatenate(), Reverse()
