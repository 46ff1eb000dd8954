"""A layer around a layer, and one that keeps the largest singular value of a kernel at 1."""

from __future__ import annotations

from .. import initializers, ops
from ..errors import ArgumentError, message
from .dense import positive
from .layer import Layer


class Wrapper(Layer):
    """A layer around another one, ``layer``, whose weights it counts among its own; a base for such layers.

    Raises ArgumentError for anything but a layer.

    >>> class Doubled(lamina.layers.Wrapper):
    ...     def call(self, inputs):
    ...         return 2.0 * self.layer(inputs)
    >>> Doubled(lamina.layers.ReLU())(np.array([[-1.0, 2.0]], "float32"))
    array([[0., 4.]], dtype=float32)
    """

    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ArgumentError(message(f"{type(self).__name__} wraps a layer", got=repr(layer)))
        self.layer = layer

    def build(self, input_shape=None):
        if not self.layer.built:
            self.layer.build(input_shape)


class SpectralNormalization(Wrapper):
    """Divides the kernel of ``layer`` by its largest singular value at each step of training.

    power_iterations  how many steps of the power method come nearer to that value each time, 1 unless given

    Works on layers with a ``kernel`` or ``embeddings``; others raise ArgumentError. Miyato and others (ICLR 2018),
    algorithm 1.

    >>> layer = lamina.layers.SpectralNormalization(lamina.layers.Dense(2, use_bias=False), power_iterations=20)
    >>> x = np.eye(3, dtype="float32")
    >>> y = layer(x, training=True)
    >>> round(float(np.linalg.svd(layer.layer.get_weights()[0])[1][0]), 3)
    1.0
    """

    def __init__(self, layer, power_iterations: int = 1, **kwargs):
        super().__init__(layer, **kwargs)
        self.power_iterations = positive("SpectralNormalization", "power_iterations", power_iterations)

    @property
    def kernel(self):
        """The weight that is divided."""
        return getattr(self.layer, "embeddings" if hasattr(self.layer, "embeddings") else "kernel")

    @property
    def variables(self) -> list:
        """All state: the kernel, the vector of the power method, then the other weights of the layer, as in Keras."""
        found = super().variables
        return [self.kernel, *(v for v in found if v is not self.kernel)] if self.built else found

    def build(self, input_shape=None):
        if not self.layer.built:
            self.layer.build(input_shape)
        if not hasattr(self.layer, "kernel") and not hasattr(self.layer, "embeddings"):
            raise ArgumentError(message(f"{self.label}: {self.layer.label} has neither a kernel nor embeddings"))
        self.vector_u = self.add_weight((1, self.kernel.shape[-1]), initializers.TruncatedNormal(stddev=0.02),
                                        trainable=False, name="vector_u")

    def call(self, inputs, training=False):
        if training:
            matrix = ops.reshape(self.kernel, (-1, self.kernel.shape[-1]))
            left, right = None, ops.cast(self.vector_u.value, self.dtype)
            for _ in range(self.power_iterations):
                left = ops.normalize(ops.matmul(right, ops.transpose(matrix)), axis=None)
                right = ops.normalize(ops.matmul(left, matrix), axis=None)
            left, right = ops.stop_gradient(left), ops.stop_gradient(right)
            size = ops.reshape(ops.matmul(ops.matmul(left, matrix), ops.transpose(right)), ())
            size = ops.where(ops.equal(size, 0.0), 1.0, size)                    # a kernel of zeros stays as it is
            self.vector_u.assign(right)
            self.kernel.assign(self.kernel / size)
        return self.layer(inputs)
