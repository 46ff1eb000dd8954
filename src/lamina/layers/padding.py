"""Images and sequences with zeros put around them, or with their borders cut off."""

from __future__ import annotations

from .. import ops
from ..errors import ArgumentError, ShapeError, message
from .layer import Layer
from .spatial import checked_format, spatial_spec


def borders(layer: str, name: str, value, rank: int) -> tuple[tuple[int, int], ...]:
    """A pair (before, behind) for each spatial axis.

    ``value`` is one number, one for each axis, or a pair for each; along a single axis also a pair by itself.
    """
    if rank == 1 and isinstance(value, list | tuple) and len(value) == 2:
        value = (value,)
    values = value if isinstance(value, list | tuple) else (value,) * rank
    pairs = tuple(tuple(v) if isinstance(v, list | tuple) else (v, v) for v in values)
    flat = [n for pair in pairs for n in pair]
    if len(pairs) != rank or any(len(p) != 2 for p in pairs) or any(not isinstance(n, int) or n < 0 for n in flat):
        want = "a whole number, or a pair of them" if rank == 1 else f"a whole number, {rank} of them, or {rank} pairs"
        problem = f"{layer}: {name} does not fit {rank} spatial ax{'is' if rank == 1 else 'es'}"
        raise ArgumentError(message(problem, got=f"{name}={value!r}", want=want))
    return pairs


class Bordered(Layer):
    """A layer with a border before and behind each of ``rank`` spatial axes."""

    rank: int

    def spatial(self) -> range:
        """The spatial axes."""
        first = 1 if self.data_format == "channels_last" else 2
        return range(first, first + self.rank)

    def prepare(self, data_format) -> None:
        """What holds for all inputs."""
        self.data_format = checked_format(type(self).__name__, data_format)
        self.input_spec, self.built = spatial_spec(self.rank), True


class ZeroPadding(Bordered):
    """Zeros around the spatial axes."""

    def __init__(self, padding=1, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.padding = borders(type(self).__name__, "padding", padding, self.rank)
        self.prepare(data_format)

    def call(self, inputs):
        pairs = dict(zip(self.spatial(), self.padding, strict=True))
        return ops.pad(inputs, [pairs.get(i, (0, 0)) for i in range(inputs.ndim)])


class ZeroPadding1D(ZeroPadding):
    """Zeros before and behind the steps of a sequence.

    padding      a number for both ends (1), or a pair
    data_format  "channels_last" for (batch, steps, channels), or "channels_first"

    >>> lamina.layers.ZeroPadding1D((0, 2))(np.ones((1, 3, 1), "float32"))[0, :, 0]
    array([1., 1., 1., 0., 0.], dtype=float32)
    """

    rank = 1
    supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        """The mask of the steps; those put around them are not real."""
        return None if previous_mask is None else ops.pad(previous_mask, [(0, 0), self.padding[0]])


class ZeroPadding2D(ZeroPadding):
    """Zeros around images.

    padding      a number for all sides (1), one for height and one for width, or ((top, bottom), (left, right))
    data_format  "channels_last" for (batch, height, width, channels), or "channels_first"

    >>> lamina.layers.ZeroPadding2D(((1, 0), (2, 2)))(np.ones((1, 3, 3, 1), "float32")).shape
    (1, 4, 7, 1)
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Zeros around volumes; arguments as in ZeroPadding2D, for three axes.

    >>> lamina.layers.ZeroPadding3D()(np.ones((1, 2, 2, 2, 1), "float32")).shape
    (1, 4, 4, 4, 1)
    """

    rank = 3


class Cropping(Bordered):
    """The borders of the spatial axes cut off."""

    def __init__(self, cropping=1, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.cropping = borders(type(self).__name__, "cropping", cropping, self.rank)
        self.prepare(data_format)

    def call(self, inputs):
        parts = [slice(None)] * inputs.ndim
        for axis, (before, behind) in zip(self.spatial(), self.cropping, strict=True):
            n = inputs.shape[axis]
            if before + behind >= n:
                raise ShapeError(message(f"nothing is left of axis {axis}, which has {n} cells",
                                         want=f"more than {before + behind} cells"))
            parts[axis] = slice(before, n - behind)
        return inputs[tuple(parts)]


class Cropping1D(Cropping):
    """The ends of a sequence cut off.

    cropping     how many steps at both ends (1), or a pair
    data_format  "channels_last" for (batch, steps, channels), or "channels_first"

    Raises ShapeError where nothing is left.

    >>> lamina.layers.Cropping1D((1, 2))(np.arange(6, dtype="float32").reshape(1, 6, 1))[0, :, 0]
    array([1., 2., 3.], dtype=float32)
    """

    rank = 1
    supports_masking = True

    def compute_mask(self, inputs, previous_mask=None):
        """The mask of the steps that are left."""
        before, behind = self.cropping[0]
        return None if previous_mask is None else previous_mask[:, before: previous_mask.shape[1] - behind]


class Cropping2D(Cropping):
    """The borders of images cut off.

    cropping     a number for all sides, one for height and one for width, or ((top, bottom), (left, right)); 0 unless
                 given
    data_format  "channels_last" for (batch, height, width, channels), or "channels_first"

    Raises ShapeError where nothing is left.

    >>> lamina.layers.Cropping2D(((1, 0), (2, 2)))(np.ones((1, 6, 6, 1), "float32")).shape
    (1, 5, 2, 1)
    """

    rank = 2

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(Cropping):
    """The borders of volumes cut off; arguments as in Cropping2D, for three axes; 1 at all sides unless given.

    >>> lamina.layers.Cropping3D()(np.ones((1, 4, 4, 4, 1), "float32")).shape
    (1, 2, 2, 2, 1)
    """

    rank = 3
