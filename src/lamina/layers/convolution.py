"""Convolution over one, two and three spatial axes."""

from __future__ import annotations

from .. import activations, constraints, initializers, ops, regularizers
from ..errors import ArgumentError, ShapeError, about, message
from .dense import positive
from .input_spec import InputSpec
from .layer import Layer
from .spatial import checked_format, checked_padding, each_axis, spatial_spec


class Sliding(Layer):
    """What all convolutions share: a window over ``rank`` spatial axes, and bias and activation at the end."""

    rank: int

    def __init__(self, kernel_size, strides, padding: str, data_format: str | None, dilation_rate, activation,
                 use_bias: bool, bias_initializer, bias_regularizer, bias_constraint, **kwargs):
        super().__init__(**kwargs)
        label, rank = type(self).__name__, self.rank
        self.kernel_size = each_axis(label, "kernel_size", kernel_size, rank)
        self.strides = each_axis(label, "strides", strides, rank)
        self.dilation_rate = each_axis(label, "dilation_rate", dilation_rate, rank)
        self.padding = checked_padding(label, padding, ("valid", "same", "causal") if rank == 1 else ("valid", "same"))
        self.data_format = checked_format(label, data_format)
        with about(self.label):
            self.activation = activations.get(activation)
        self.use_bias, self.bias_initializer = use_bias, initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = spatial_spec(rank)

    def channels(self, input_shape) -> int:
        """The number of channels of the input; ShapeError where it is unknown."""
        if len(input_shape) != self.rank + 2:
            return 1                                            # input_spec refuses such an input, in better words
        axis = -1 if self.data_format == "channels_last" else 1
        if input_shape[axis] is None:
            raise ShapeError(message(f"{self.label} cannot be built: the number of channels is unknown",
                                     got=f"input shape {tuple(input_shape)}", fix="give Input that size", where=True))
        return input_shape[axis]

    def finish_build(self, channels: int, kernel, units: int) -> None:
        """The bias, and the check of all later inputs."""
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((units,), self.bias_initializer, regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint, name="bias")
        axis = -1 if self.data_format == "channels_last" else 1
        sizes = ", ".join(map(str, kernel.shape))
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels},
                                    reason=f"its kernel is [{sizes}], built at first call")

    def window(self) -> dict:
        """The options of ``ops.conv``; causal padding stands before the first step only."""
        padding = self.padding
        if padding == "causal":
            padding = (((self.kernel_size[0] - 1) * self.dilation_rate[0], 0),)
        return {"strides": self.strides, "padding": padding, "data_format": self.data_format,
                "dilation_rate": self.dilation_rate}

    def finished(self, y):
        """Bias and activation."""
        if self.bias is not None:
            last = self.data_format == "channels_last"
            y = y + (self.bias if last else ops.reshape(self.bias, (-1, *(1,) * self.rank)))
        return y if self.activation is None else self.activation(y)


class Convolution(Sliding):
    """Convolution with a kernel (window…, channels / groups, filters)."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1, groups=1,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, **kwargs):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         bias_initializer, bias_regularizer, bias_constraint, activity_regularizer=activity_regularizer,
                         **kwargs)
        label = type(self).__name__
        self.filters, self.groups = positive(label, "filters", filters), positive(label, "groups", groups)
        if self.filters % self.groups:
            raise ArgumentError(message(f"{label}: {filters} filters do not divide into {groups} groups of equal size",
                                        fix="take a number of filters that is a multiple of groups"))
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape):
        channels = self.channels(input_shape)
        if channels % self.groups:
            raise ShapeError(message(f"{self.label}: {channels} channels do not divide into {self.groups} groups",
                                     got=f"input shape {tuple(input_shape)}", where=True,
                                     want=f"a multiple of {self.groups} channels"))
        self.kernel = self.add_weight((*self.kernel_size, channels // self.groups, self.filters),
                                      self.kernel_initializer, regularizer=self.kernel_regularizer,
                                      constraint=self.kernel_constraint, name="kernel")
        self.finish_build(channels, self.kernel, self.filters)

    def call(self, inputs):
        return self.finished(ops.conv(inputs, self.kernel, **self.window()))


class Conv1D(Convolution):
    """Convolution along the steps of a sequence: each filter laid over each window of steps.

    filters        number of output channels
    kernel_size    length of the windows
    strides        distance from one window to the next
    padding        "valid": whole windows only; "same": a window for each step, or each stride; "causal": windows that
                   end at their own step, so that no output sees the future
    data_format    "channels_last" for (batch, steps, channels), or "channels_first"
    dilation_rate  distance between the steps that a window looks at
    groups         into so many parts the channels are split, each with filters of its own
    activation     name or function; None is the identity
    *_initializer, *_regularizer, *_constraint   of kernel and bias; activity_regularizer is of the output

    The kernel is (kernel_size, channels / groups, filters) and is not flipped. Raises ShapeError where no window fits,
    or the number of channels differs from that at first.

    >>> layer = lamina.layers.Conv1D(1, 2, kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [2.0], [3.0]]], "float32"))[0, :, 0]
    array([3., 5.], dtype=float32)
    """

    rank = 1


class Conv2D(Convolution):
    """Convolution of images: each filter laid over each window of an image.

    filters        number of output channels
    kernel_size    height and width of the windows, or one number for both
    strides        distances from one window to the next
    padding        "valid": whole windows only; "same": a window for each cell, or each stride, the odd cell of padding
                   below and to the right
    data_format    "channels_last" for (batch, height, width, channels), or "channels_first"
    dilation_rate  distances between the cells that a window looks at
    groups         into so many parts the channels are split, each with filters of its own
    activation     name or function; None is the identity
    *_initializer, *_regularizer, *_constraint   of kernel and bias; activity_regularizer is of the output

    The kernel is (height, width, channels / groups, filters) and is not flipped. Raises ShapeError where no window
    fits, or the number of channels differs from that at first.

    >>> layer = lamina.layers.Conv2D(8, 3, padding="same", activation="relu")
    >>> layer(np.ones((1, 28, 28, 1), "float32")).shape
    (1, 28, 28, 8)
    """

    rank = 2


class Conv3D(Convolution):
    """Convolution of volumes (batch, depth, height, width, channels); arguments as in Conv2D, for three axes.

    >>> lamina.layers.Conv3D(2, 3)(np.ones((1, 5, 6, 7, 1), "float32")).shape
    (1, 3, 4, 5, 2)
    """

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
