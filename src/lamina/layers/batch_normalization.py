"""Batch normalisation."""

from __future__ import annotations

from .. import initializers
from ..composites.normalization import standardize
from ..errors import ArgumentError, message
from ..ops import batch_normalization, cast, reshape
from .affine import Affine, broadcasting, weighted_standard
from .input_spec import InputSpec


class BatchNormalization(Affine):
    """Each feature brought to mean 0 and variance 1 over the batch, then scaled by ``gamma`` and shifted by ``beta``.

    axis        the axis of the features, which keep statistics of their own; all others are averaged over
    momentum    how much of the moving mean and variance is kept at each step of training
    epsilon     is added to the variance
    center      whether there is a beta; ``scale``: whether there is a gamma
    *_initializer, *_regularizer, *_constraint   of gamma and beta

    In training the statistics of the batch are used, and enter the moving ones; else, and where the layer is frozen
    (``trainable = False``), the moving ones are used and stay. Masked steps do not count. Input and output have one
    shape. Raises ShapeError where the number of features is unknown or another than at first, ArgumentError for a
    momentum outside of 0..1. Ioffe and Szegedy, "Batch Normalization" (ICML 2015), algorithm 1; variance is divided by
    the number of values, as in Keras, also in the moving one.

    >>> layer = lamina.layers.BatchNormalization(momentum=0.5, epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]], "float32"), training=True)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> layer.moving_mean.numpy(), layer.moving_variance.numpy()
    (array([1.], dtype=float32), array([1.], dtype=float32))
    """

    def __init__(self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
                 scale: bool = True, beta_initializer="zeros", gamma_initializer="ones",
                 moving_mean_initializer="zeros", moving_variance_initializer="ones", beta_regularizer=None,
                 gamma_regularizer=None, beta_constraint=None, gamma_constraint=None, synchronized: bool = False,
                 **kwargs):
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
                         gamma_regularizer, beta_constraint, gamma_constraint, **kwargs)
        if not isinstance(momentum, int | float) or not 0 <= momentum <= 1:
            raise ArgumentError(message("BatchNormalization: momentum is the part of the moving statistics that stays",
                                        got=repr(momentum), want="0 <= momentum <= 1"))
        self.axis, self.momentum, self.synchronized = axis, float(momentum), synchronized
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape):
        (axis,) = self.axes_of(self.axis, input_shape)
        width = input_shape[axis]
        self.add_gamma_and_beta((width,))
        self.moving_mean = self.add_weight((width,), self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight((width,), self.moving_variance_initializer, trainable=False,
                                               name="moving_variance")
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: width},
                                    reason=f"it keeps statistics of {width} features, built at first call")

    def call(self, inputs, training=False, mask=None):
        x = cast(inputs, self.dtype)
        (axis,) = self.axes_of(self.axis, x.shape)
        if not (training and self.trainable):
            return batch_normalization(x, self.moving_mean, self.moving_variance, axis, self.beta, self.gamma,
                                       self.epsilon)
        axes = tuple(i for i in range(x.ndim) if i != axis)
        if mask is None:
            normal, centre, variance = standardize(x, axes, self.epsilon)
        else:
            normal, centre, variance = weighted_standard(self, x, axes, mask, axis)
        self.moving_mean.assign(self.blended(self.moving_mean, centre))
        self.moving_variance.assign(self.blended(self.moving_variance, variance))
        return self.scaled_and_shifted(normal, broadcasting(x.shape, (axis,)))

    def blended(self, moving, value):
        """The moving statistic after one more batch."""
        return moving * self.momentum + reshape(value, moving.shape) * (1.0 - self.momentum)
