"""Convolutions with few weights: each channel by itself, and such a one followed by a mixing of the channels."""

from __future__ import annotations

from .. import constraints, initializers, ops, regularizers
from .convolution import Sliding
from .dense import positive


class DepthwiseConvolution(Sliding):
    """Each channel convolved by itself, with a kernel (window…, channels, depth_multiplier)."""

    def __init__(self, kernel_size, strides=1, padding="valid", depth_multiplier=1, data_format=None, dilation_rate=1,
                 activation=None, use_bias=True, depthwise_initializer="glorot_uniform", bias_initializer="zeros",
                 depthwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, bias_constraint=None, **kwargs):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         bias_initializer, bias_regularizer, bias_constraint, activity_regularizer=activity_regularizer,
                         **kwargs)
        self.depth_multiplier = positive(type(self).__name__, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape):
        channels = self.channels(input_shape)
        self.kernel = self.add_weight((*self.kernel_size, channels, self.depth_multiplier), self.depthwise_initializer,
                                      regularizer=self.depthwise_regularizer, constraint=self.depthwise_constraint,
                                      name="kernel")
        self.finish_build(channels, self.kernel, channels * self.depth_multiplier)

    def call(self, inputs):
        return self.finished(ops.depthwise_conv(inputs, self.kernel, **self.window()))


class DepthwiseConv1D(DepthwiseConvolution):
    """Convolution along the steps, each channel with ``depth_multiplier`` (1) filters of its own.

    The other arguments are those of Conv1D; the kernel is (kernel_size, channels, depth_multiplier).

    >>> lamina.layers.DepthwiseConv1D(3)(np.ones((1, 8, 4), "float32")).shape
    (1, 6, 4)
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """Convolution of images, each channel with ``depth_multiplier`` (1) filters of its own.

    The other arguments are those of Conv2D; the kernel is (height, width, channels, depth_multiplier).

    >>> lamina.layers.DepthwiseConv2D(3, depth_multiplier=2)(np.ones((1, 8, 8, 4), "float32")).shape
    (1, 6, 6, 8)
    """

    rank = 2


class SeparableConvolution(Sliding):
    """A depthwise convolution, then one with windows of a single cell that mixes the channels."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1,
                 depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 pointwise_initializer="glorot_uniform", bias_initializer="zeros", depthwise_regularizer=None,
                 pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, **kwargs):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         bias_initializer, bias_regularizer, bias_constraint, activity_regularizer=activity_regularizer,
                         **kwargs)
        label = type(self).__name__
        self.filters = positive(label, "filters", filters)
        self.depth_multiplier = positive(label, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer, self.pointwise_initializer = map(
            initializers.get, (depthwise_initializer, pointwise_initializer))
        self.depthwise_regularizer, self.pointwise_regularizer = map(
            regularizers.get, (depthwise_regularizer, pointwise_regularizer))
        self.depthwise_constraint, self.pointwise_constraint = map(
            constraints.get, (depthwise_constraint, pointwise_constraint))

    def build(self, input_shape):
        channels = self.channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier), self.depthwise_initializer,
            regularizer=self.depthwise_regularizer, constraint=self.depthwise_constraint, name="depthwise_kernel")
        self.pointwise_kernel = self.add_weight(
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters), self.pointwise_initializer,
            regularizer=self.pointwise_regularizer, constraint=self.pointwise_constraint, name="pointwise_kernel")
        self.finish_build(channels, self.depthwise_kernel, self.filters)

    def call(self, inputs):
        return self.finished(ops.separable_conv(inputs, self.depthwise_kernel, self.pointwise_kernel, **self.window()))


class SeparableConv1D(SeparableConvolution):
    """Each channel convolved along the steps by itself, then ``filters`` mixtures of the channels at each step.

    The other arguments are those of Conv1D, and ``depth_multiplier``: filters of each channel, 1 unless given.

    >>> lamina.layers.SeparableConv1D(5, 3)(np.ones((1, 8, 4), "float32")).shape
    (1, 6, 5)
    """

    rank = 1


class SeparableConv2D(SeparableConvolution):
    """Each channel of an image convolved by itself, then ``filters`` mixtures of the channels at each cell.

    The other arguments are those of Conv2D, and ``depth_multiplier``: filters of each channel, 1 unless given.

    >>> lamina.layers.SeparableConv2D(5, 3)(np.ones((1, 8, 8, 4), "float32")).shape
    (1, 6, 6, 5)
    """

    rank = 2


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
