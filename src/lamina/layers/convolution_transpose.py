"""Transposed convolution: images that grow."""

from __future__ import annotations

from .. import constraints, initializers, ops, regularizers
from ..errors import ArgumentError, message
from .convolution import Sliding
from .dense import positive
from .spatial import each_axis


class TransposedConvolution(Sliding):
    """Each cell spreads the kernel (window…, filters, channels) over its window of the output."""

    def __init__(self, filters, kernel_size, strides=1, padding="valid", output_padding=None, data_format=None,
                 dilation_rate=1, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, **kwargs):
        super().__init__(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         bias_initializer, bias_regularizer, bias_constraint, activity_regularizer=activity_regularizer,
                         **kwargs)
        label = type(self).__name__
        if self.padding == "causal":
            raise ArgumentError(message(f"{label} has no causal padding", want='"valid" or "same"'))
        self.filters = positive(label, "filters", filters)
        self.output_padding = None if output_padding is None else each_axis(label, "output_padding", output_padding,
                                                                            self.rank, least=0)
        if self.output_padding and any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
            raise ArgumentError(message(f"{label}: output_padding is smaller than the strides",
                                        got=f"output_padding={output_padding}, strides={strides}"))
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape):
        channels = self.channels(input_shape)
        self.kernel = self.add_weight((*self.kernel_size, self.filters, channels), self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
                                      name="kernel")
        self.finish_build(channels, self.kernel, self.filters)

    def call(self, inputs):
        y = ops.conv_transpose(inputs, self.kernel, output_padding=self.output_padding, **self.window())
        return self.finished(y)


class Conv1DTranspose(TransposedConvolution):
    """Convolution turned round: from the shape of a Conv1D's output to that of its input.

    output_padding  how many steps the output is longer than it need be, smaller than the strides; chosen by
                    ``padding`` unless given

    The other arguments are those of Conv1D; the kernel is (kernel_size, filters, channels). With "same" padding the
    output has ``strides`` times the steps of the input.

    >>> lamina.layers.Conv1DTranspose(3, 4, strides=2, padding="same")(np.ones((1, 8, 2), "float32")).shape
    (1, 16, 3)
    """

    rank = 1


class Conv2DTranspose(TransposedConvolution):
    """Convolution turned round: from the shape of a Conv2D's output to that of its input.

    output_padding  how many cells the output is larger than it need be, smaller than the strides; chosen by
                    ``padding`` unless given

    The other arguments are those of Conv2D; the kernel is (height, width, filters, channels). With "same" padding the
    output has ``strides`` times the cells of the input along each axis.

    >>> lamina.layers.Conv2DTranspose(3, 4, strides=2, padding="same")(np.ones((1, 8, 8, 2), "float32")).shape
    (1, 16, 16, 3)
    """

    rank = 2


class Conv3DTranspose(TransposedConvolution):
    """Convolution of volumes turned round; arguments as in Conv2DTranspose, for three axes.

    >>> lamina.layers.Conv3DTranspose(3, 2, strides=2)(np.ones((1, 2, 2, 2, 2), "float32")).shape
    (1, 4, 4, 4, 3)
    """

    rank = 3

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, output_padding=None, *args,
                 **kwargs):                                    # the order of Keras's Conv3DTranspose
        super().__init__(filters, kernel_size, strides, padding, output_padding, data_format, *args, **kwargs)


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
