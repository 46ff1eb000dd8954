"""The loop over time around a cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError, message
from ..ops import flip, full, reshape, scan, transpose, where
from ..trace import Variable
from .input_spec import InputSpec
from .layer import Layer
from .recurrent_cells import RecurrentCell, StackedRNNCells
from .symbol import described, leaves


class RNN(Layer):
    """Runs a cell along the time of (batch, time, features).

    cell              a layer with ``state_size`` and ``call(inputs, states) -> output, states``, or a list of them
    return_sequences  whether to give the output of every time, (batch, time, units), or of the last one
    return_state      whether to give the last states as well
    go_backwards      whether time runs backwards; the outputs then stand in that order
    stateful          whether the states go on in the next call; needs an Input with its batch size
    zero_output_for_mask  whether masked times give zeros; else they repeat the output before

    Where a mask (batch, time) is false, the states are kept. ``unroll`` is accepted and changes nothing.

    >>> layer = lamina.layers.RNN(lamina.layers.LSTMCell(3), return_sequences=True)
    >>> layer(np.zeros((2, 5, 4), "float32")).shape
    (2, 5, 3)
    """

    supports_masking = True
    cell: Any
    _states: list[Variable] | None

    def __init__(
        self,
        cell,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = StackedRNNCells(cell) if isinstance(cell, list | tuple) else cell
        if not hasattr(self.cell, "state_size") or not hasattr(self.cell, "call"):
            raise ArgumentError(
                message("RNN needs a cell", got=repr(cell), want="a layer with state_size and call(inputs, states)")
            )
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        self.stateful, self.unroll, self.zero_output_for_mask = stateful, unroll, zero_output_for_mask
        self.input_spec = self.reads()
        self.__dict__["_states"] = None

    def build(self, sequences_shape, initial_state_shape=None):
        batch, _, *rest = sequences_shape
        if not self.cell.built:
            self.cell.build((batch, *rest))
            self.cell.built = True
        if isinstance(self.cell, RecurrentCell):
            self.input_spec = self.reads(rest[-1])
        if self.stateful:
            if batch is None:
                raise ShapeError(
                    message(
                        f"{self.label} is stateful, so it needs the batch size",
                        where=True,
                        fix="Input(shape, batch_size=32)",
                    )
                )
            self.__dict__["_states"] = [
                Variable(np.asarray(s), trainable=False, name=f"state_{i}")
                for i, s in enumerate(leaves(self.initial_states(batch)))
            ]

    def reads(self, features: int | None = None) -> InputSpec:
        """What the layer takes: our own cells (batch, time, features), others what they like at each time."""
        fix = "let a recurrent layer before it give return_sequences=True, or add the time: x[..., None]"
        if not isinstance(self.cell, RecurrentCell):
            return InputSpec(min_ndim=3, fix=fix)
        if features is None:
            return InputSpec(ndim=3, reason="it reads (batch, time, features)", fix=fix)
        return InputSpec(ndim=3, axes={-1: features}, reason=f"it was built for {features} features", fix=fix)

    @property
    def states(self) -> list[Variable] | None:
        """The variables that a stateful layer goes on from."""
        return self._states

    def reset_state(self) -> None:
        """Sets the states of a stateful layer back to zero."""
        for state in self._states or []:
            state.assign(np.zeros(state.shape, state.dtype))

    reset_states = reset_state

    def initial_states(self, batch: int) -> list:
        """The states before the first step: what the cell says, or zeros."""
        if hasattr(self.cell, "get_initial_state"):
            return list(leaves(self.cell.get_initial_state(batch_size=batch)))
        sizes = self.cell.state_size
        return [full((batch, *((n,) if isinstance(n, int) else n)), 0.0, self.dtype) for n in flat_sizes(sizes)]

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if sequences.shape[1] == 0:
            raise ShapeError(message(f"{self.label} needs at least one time", got=described(sequences), where=True))
        rows = transpose(sequences, (1, 0, *range(2, len(sequences.shape))))
        batch = sequences.shape[0]
        if initial_state is not None:
            states = list(leaves(initial_state))
        else:
            states = [v.value for v in self._states] if self._states is not None else self.initial_states(batch)
        rows, step = self.prepared(rows, training)
        outputs, states = self.over_time(rows, step, states, mask)
        if self._states is not None:
            for variable, state in zip(self._states, states, strict=True):
                variable.assign(state)
        return (outputs, *states) if self.return_state else outputs

    def prepared(self, rows, training: bool):
        """What is scanned, and the step: for our own cells the kernel is applied to all times at once."""
        if isinstance(self.cell, RecurrentCell):
            into, across = self.cell.masks(rows.shape[1], rows.shape[2], training)
            return self.cell.project(rows, into), lambda x, states: self.cell.step(x, states, across)

        def step(x, states):
            output, new = self.cell(x, packed(iter(states), self.cell.state_size), training=training)
            return output, list(leaves(new))

        return rows, step

    def over_time(self, rows, step, states: list, mask):
        """The output (of the last time, or of all), and the last states."""
        # The output of our own cells is their state h, so that the last one need not be picked from all of them.
        is_state = isinstance(self.cell, RecurrentCell) and not (self.zero_output_for_mask and mask is not None)
        last_only = is_state and not self.return_sequences

        # Behind another cell the output of the step before goes along with the states, for masked times to repeat.
        repeats = mask is not None and not is_state and not self.zero_output_for_mask
        if repeats:
            first, _ = step(rows[0], states)
            states = [*states, full(tuple(first.shape), 0.0, str(first.dtype))]

        def body(carry, x):
            output, new = step(x, carry) if mask is None else self.masked_step(step, carry, x[0], x[1], is_state)
            return new, None if last_only else output

        scanned = rows if mask is None else [rows, transpose(mask)]
        found: Any = scan(body, states, scanned, reverse=self.go_backwards)
        states, outputs = found
        if repeats:
            *states, last = states
            if not self.return_sequences:
                return last, states
        if last_only:
            return states[0], states
        if not self.return_sequences:
            return outputs[0 if self.go_backwards else -1], states
        outputs = flip(outputs, 0) if self.go_backwards else outputs
        return transpose(outputs, (1, 0, *range(2, len(outputs.shape)))), states

    def masked_step(self, step, carry, x, real, is_state: bool):
        """One step in which rows that are padding keep their states; their output is the one before, or zero."""
        repeats = not is_state and not self.zero_output_for_mask
        *carry, before = carry if repeats else [*carry, None]
        output, new = step(x, carry)

        def choose(a, b):
            return where(reshape(real, (-1, *(1,) * (len(a.shape) - 1))), a, b)

        new = [choose(n, old) for n, old in zip(new, carry, strict=True)]
        if is_state:
            return new[0], new
        output = choose(output, before if repeats else output * 0.0)
        return output, [*new, output] if repeats else new

    def compute_mask(self, inputs, previous_mask=None):
        mask = previous_mask[0] if isinstance(previous_mask, list | tuple) else previous_mask
        if not self.return_sequences or mask is None:
            mask = None
        elif self.go_backwards:  # as the outputs stand
            mask = flip(mask, 1)
        return [mask, *[None] * len(flat_sizes(self.cell.state_size))] if self.return_state else mask


def flat_sizes(sizes) -> list:
    """The sizes of all states in one list; a tuple is the shape of one state."""
    return [n for part in sizes for n in flat_sizes(part)] if isinstance(sizes, list) else [sizes]


def packed(states, sizes) -> list:
    """The states as the cell takes them: a list, with lists in it where its ``state_size`` has lists in it."""
    if not isinstance(sizes, list):
        return [next(states)]
    return [packed(states, n) if isinstance(n, list) else next(states) for n in sizes]
