"""Normalisation of groups of channels, and of vectors to length 1."""

from __future__ import annotations

from .. import ops
from ..composites.normalization import standardize
from ..errors import ArgumentError, ShapeError, message
from .affine import Affine, steps_apart, weighted_standard
from .input_spec import InputSpec
from .layer import Layer


class GroupNormalization(Affine):
    """Each sample brought to mean 0 and variance 1 over each group of channels, then scaled and shifted by channel.

    groups   into how many the channels are split, 32 unless given; 1 takes them all, -1 each by itself
    axis     the axis of the channels, -1 unless given
    epsilon  is added to the variance
    center   whether there is a beta; ``scale``: whether there is a gamma

    Masked steps do not count. Raises ShapeError where the channels do not divide into so many groups. Wu and He, "Group
    Normalization" (ECCV 2018), section 3.

    >>> lamina.layers.GroupNormalization(2, epsilon=0.0)(np.array([[1.0, 3.0, 20.0, 10.0]], "float32"))
    array([[-1.,  1.,  1., -1.]], dtype=float32)
    """

    def __init__(self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer="zeros", gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None,
                 beta_constraint=None, gamma_constraint=None, **kwargs):
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)
        if isinstance(groups, bool) or not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ArgumentError(message("GroupNormalization: groups is how many there are", got=f"groups={groups!r}",
                                        want="a whole number above zero, or -1 for one a channel"))
        self.groups, self.axis = groups, axis

    def build(self, input_shape):
        (axis,) = self.axes_of(self.axis, input_shape)
        channels = input_shape[axis]
        if self.groups != -1 and channels % self.groups:
            raise ShapeError(message(f"{self.label}: {channels} channels do not divide into {self.groups} groups",
                                     got=f"input shape {tuple(input_shape)}", where=True,
                                     fix="choose a number of groups that divides the channels"))
        self.add_gamma_and_beta((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels},
                                    reason=f"it has weights for {channels} channels, built at first call")

    def call(self, inputs, mask=None):
        x = ops.cast(inputs, self.dtype)
        (axis,) = self.axes_of(self.axis, x.shape)
        shape, channels = tuple(x.shape), x.shape[axis]
        groups = channels if self.groups == -1 else self.groups
        split = ops.reshape(x, (*shape[:axis], groups, channels // groups, *shape[axis + 1:]))
        axes = tuple(i for i in range(1, split.ndim) if i != axis)
        if mask is None:
            normal, _, _ = standardize(split, axes, self.epsilon)
        else:
            normal, _, _ = weighted_standard(self, split, axes, mask, axis)
        return self.scaled_and_shifted(ops.reshape(normal, shape), [n if i == axis else 1 for i, n in enumerate(shape)])


class UnitNormalization(Layer):
    """Vectors along ``axis`` (-1), or over several axes, brought to length 1; zeros stay zeros.

    >>> lamina.layers.UnitNormalization()(np.array([[3.0, 4.0], [0.0, 0.0]], "float32"))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.built = list(axis) if isinstance(axis, tuple | list) else axis, True

    def call(self, inputs):
        return ops.normalize(inputs, axis=self.axis, epsilon=1e-12)

    def compute_mask(self, inputs, previous_mask=None):
        """That of the input; MaskError where ``axis`` would run over steps."""
        return steps_apart(self, inputs, previous_mask, self.axis)
