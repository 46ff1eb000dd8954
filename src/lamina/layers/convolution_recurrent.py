"""ConvLSTM1D, 2D and 3D: long short-term memory whose products are convolutions."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError, ShapeError, message
from ..ops import conv, full, multiply, reshape, split, transpose
from .dense import positive
from .dropout import dropped
from .input_spec import InputSpec
from .recurrent_cells import LSTMCell, masked
from .recurrent_layers import CellLayer, without_self
from .spatial import checked_format, checked_padding, each_axis
from .symbol import leaves


class ConvLSTMCell(LSTMCell):
    """One step over images (batch, spatial…, channels): the inputs are convolved once, the state at every step.

    The state is as large as what the convolution of the inputs gives; the one of the state keeps its size.
    """

    spatial: tuple[int, ...]  # sizes of the state

    def __init__(self, rank: int, filters, kernel_size, strides, padding, dilation_rate, **kwargs):
        label = f"ConvLSTM{rank}D"
        super().__init__(positive(label, "filters", filters), **kwargs)
        self.rank, self.filters = rank, self.units
        self.kernel_size: Any = each_axis(label, "kernel_size", kernel_size, rank)
        self.strides: Any = each_axis(label, "strides", strides, rank)
        self.dilation_rate: Any = each_axis(label, "dilation_rate", dilation_rate, rank)
        self.padding = checked_padding(label, padding)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            got = f"strides={self.strides}, dilation_rate={self.dilation_rate}"
            raise ArgumentError(message(f"{label} cannot have strides and dilation at once", got=got))

    def build(self, input_shape, states_shape=None):
        _, *sizes, channels = input_shape
        if None in (*sizes, channels):
            raise ShapeError(
                message(
                    f"{self.label} cannot be built: its state is as large as the images, and they are of no known size",
                    got=f"images {tuple(sizes)} of {channels} channels",
                    fix="give the Input all sizes but batch and time",
                    where=True,
                )
            )
        for name, width, kind in (("kernel", channels, "kernel"), ("recurrent_kernel", self.units, "recurrent")):
            weight = self.add_weight(
                shape=(*self.kernel_size, width, 4 * self.units),
                name=name,
                initializer=getattr(self, f"{kind}_initializer"),
                regularizer=getattr(self, f"{kind}_regularizer"),
                constraint=getattr(self, f"{kind}_constraint"),
            )
            setattr(self, name, weight)
        if self.use_bias:
            self.bias = self.add_weight(
                shape=self.bias_shape,
                name="bias",
                initializer=self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.__dict__["spatial"] = self.sizes_of_state(sizes)

    def sizes_of_state(self, sizes) -> tuple[int, ...]:
        """How many windows of the inputs there are along each axis; ShapeError where none fits."""
        found = []
        for n, k, s, d in zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True):
            reach = (k - 1) * d + 1 if self.padding == "valid" else 1
            if reach > n:
                problem = f"{self.label}: a window that reaches over {reach} does not fit into {n} cells"
                raise ShapeError(message(problem, fix='use a smaller window, or padding="same"', where=True))
            found.append((n - reach) // s + 1)
        return tuple(found)

    def get_initial_state(self, batch_size: int):
        return [full((batch_size, *self.spatial, self.units), 0.0, self.dtype) for _ in range(2)]

    def masks_for(self, inputs_shape, training: bool):
        """The dropout masks of inputs and state for one sequence; None where nothing is dropped."""

        def mask(rate, shape):
            kept = training and rate > 0
            return dropped(full(tuple(shape), 1.0, self.dtype), rate, None, self.seed) if kept else None

        state = (inputs_shape[0], *self.spatial, self.units)
        return mask(self.dropout, inputs_shape), mask(self.recurrent_dropout, state)

    def project_images(self, inputs):
        """What images (many, spatial…, channels) give to the gates."""
        options = {"strides": self.strides, "padding": self.padding, "dilation_rate": self.dilation_rate}
        y: Any = conv(inputs, self.kernel, **options)
        return y + self.bias if self.use_bias else y

    def across(self, state):
        """What the state gives to the gates: a convolution that keeps its size."""
        return conv(state, self.recurrent_kernel, padding="same")

    def step(self, projected, states, mask):
        h, c = states
        i, f, g, o = split(projected + self.across(masked(h, mask)), 4, axis=-1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def call(self, sequence, states, training=False):
        into, across = self.masks_for(tuple(sequence.shape), training)
        return self.step(self.project_images(masked(sequence, into)), list(states), across)


class ConvLSTM(CellLayer):
    """Long short-term memory over images (batch, time, spatial…, channels)."""

    cell_class = ConvLSTMCell
    rank: int

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias: bool = True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs,
    ):
        self.set_up(without_self(locals()))

    def set_up(self, arguments: dict[str, Any]) -> None:
        """Makes the cell, which has its channels last, and the loop."""
        self.__dict__["_first"] = checked_format(type(self).__name__, arguments["data_format"]) == "channels_first"
        rest = arguments.pop("kwargs")
        given = {key: value for key, value in arguments.items() if key != "data_format"}
        super().set_up({**given, "rank": self.rank, "kwargs": rest})
        self.data_format = "channels_first" if self._first else "channels_last"

    def reads(self, features: int | None = None) -> InputSpec:
        """Sequences of images, of the channels that the kernel was made for."""
        reason = f"it reads sequences of images over {self.rank} spatial ax{'is' if self.rank == 1 else 'es'}"
        axis = 2 if self._first else -1
        return InputSpec(ndim=self.rank + 3, axes={} if features is None else {axis: features}, reason=reason)

    def build(self, sequences_shape, initial_state_shape=None):
        shape = tuple(sequences_shape)
        super().build((*shape[:2], *shape[3:], shape[2]) if self._first else shape)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if not self._first:
            return super().call(sequences, initial_state, mask, training)
        if initial_state is not None:
            initial_state = [channels_last(s, 1) for s in leaves(initial_state)]
        found: Any = super().call(channels_last(sequences, 2), initial_state, mask, training)
        outputs, *states = found if self.return_state else (found,)
        outputs = channels_first(outputs, 2 if self.return_sequences else 1)
        return (outputs, *(channels_first(s, 1) for s in states)) if self.return_state else outputs

    def prepared(self, rows, training: bool):
        """The inputs of all times are convolved at once."""
        cell: Any = self.cell
        into, across = cell.masks_for(tuple(rows.shape[1:]), training)
        rows = rows if into is None else multiply(rows, into)
        times, batch, *image = rows.shape
        y: Any = cell.project_images(reshape(rows, (times * batch, *image)))
        return reshape(y, (times, batch, *y.shape[1:])), lambda x, states: cell.step(x, states, across)


def channels_last(x, axis: int):
    """x with the channels of an axis at the end."""
    return transpose(x, (*range(axis), *range(axis + 1, len(x.shape)), axis))


def channels_first(x, axis: int):
    """x with its last axis, the channels, at another place."""
    last = len(x.shape) - 1
    return transpose(x, (*range(axis), last, *range(axis, last)))


class ConvLSTM1D(ConvLSTM):
    """Long short-term memory over sequences of lines (batch, time, steps, channels), with convolutions for products.

    filters           number of channels of the states h and c
    kernel_size       length of the windows, of the inputs and of the state
    strides           distance from one window of the inputs to the next; the state is convolved with strides of 1
    padding           "valid": whole windows of the inputs only; "same": a window for each step, or each stride
    data_format       "channels_last", or "channels_first" for (batch, time, channels, steps)
    dilation_rate     distance between the steps that a window of the inputs looks at
    dropout           part of the inputs dropped in training, recurrent_dropout of the state; one mask per sequence
    return_sequences  whether to give the output of every time, or of the last one
    return_state      whether to give the last h and c as well; initial_state of the call sets the first ones

    Shi et al., "Convolutional LSTM network" (NIPS 2015), without its peephole terms. ShapeError where an image has no
    known size.

    >>> lamina.layers.ConvLSTM1D(2, 3)(np.zeros((1, 4, 8, 3), "float32")).shape
    (1, 6, 2)
    """

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """Long short-term memory over sequences of images (batch, time, height, width, channels).

    Arguments as in ConvLSTM1D, for height and width; ``data_format="channels_first"`` is for (batch, time, channels,
    height, width).

    >>> layer = lamina.layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)
    >>> layer(np.zeros((1, 5, 8, 8, 1), "float32")).shape
    (1, 5, 8, 8, 4)
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """Long short-term memory over sequences of volumes (batch, time, depth, height, width, channels).

    Arguments as in ConvLSTM1D, for three axes.

    >>> lamina.layers.ConvLSTM3D(2, 2)(np.zeros((1, 3, 4, 4, 4, 1), "float32")).shape
    (1, 3, 3, 3, 2)
    """

    rank = 3
