"""Record the recurrent layers of Keras 3 and the wrappers around them, with every mask and state they take."""

from typing import Any

import numpy as np
from recording import LayerRecorder

record = LayerRecorder("recurrent")

MASKS = {
    "right": np.array([[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]], bool),
    "left": np.array([[0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]], bool),
    "middle": np.array([[1, 0, 0, 1], [0, 1, 0, 1], [1, 1, 0, 1]], bool),
    "empty_row": np.array([[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]], bool),
}
SHAPE = (3, 4, 2)  # as many rows and steps as the masks
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}
GATES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "SimpleRNN": [("simple_rnn", {}), ("simple_rnn_relu", {"activation": "relu"})],
    "LSTM": [("lstm", {}), ("lstm_relu_hard", {"activation": "relu", "recurrent_activation": "hard_sigmoid"})],
    "GRU": [
        ("gru", {}),
        ("gru_reset_before", {"reset_after": False}),
        ("gru_relu_hard", {"activation": "relu", "recurrent_activation": "hard_sigmoid"}),
    ],
}


def cells() -> None:
    for class_name, kinds in GATES.items():
        for kind, gates in kinds:
            base = {"units": 3, **gates}
            every = {"return_sequences": True, "return_state": True}
            options: list[tuple[str, dict[str, Any]]] = [
                ("", {}),
                ("_sequences", {"return_sequences": True}),
                ("_state", {"return_state": True}),
                ("_backwards", {"go_backwards": True, "return_sequences": True}),
                ("_no_bias", {"use_bias": False}),
                ("_one_unit", {"units": 1}),
                ("_every", every),
                ("_unroll", {"unroll": True, **every}),
            ]
            if kind.endswith(("_hard", "_relu")):
                options = options[:1]
            for name, config in options:
                record(kind + name, class_name, {**base, **config}, SHAPE)
            if len(options) == 1:
                continue
            state = {"initial_state": [(3, 3)] * STATES[class_name]}
            record(f"{kind}_initial_state", class_name, {**base, **every}, SHAPE, call=state)
            record(f"{kind}_one_step", class_name, base, (2, 1, 2))
            record(f"{kind}_one_row", class_name, base, (1, 5, 2))
            for word, mask in MASKS.items():
                record(f"{kind}_mask_{word}", class_name, {**base, **every}, SHAPE, call={"mask": mask})
                backwards = {**base, **every, "go_backwards": True}
                record(f"{kind}_mask_{word}_backwards", class_name, backwards, SHAPE, call={"mask": mask})
            zeros = {**base, **every, "zero_output_for_mask": True}
            record(f"{kind}_mask_zero_output", class_name, zeros, SHAPE, call={"mask": MASKS["middle"]})
            record(f"{kind}_mask_state", class_name, {**base, **every}, SHAPE, call={"mask": MASKS["middle"], **state})
            record(
                f"{kind}_dropout_inference",
                class_name,
                {**base, "dropout": 0.4, "recurrent_dropout": 0.3},
                SHAPE,
                call={"training": False},
            )
    record("lstm_no_unit_forget_bias", "LSTM", {"units": 3, "unit_forget_bias": False}, SHAPE)
    record("gru_unmasked_all_true", "GRU", {"units": 2}, SHAPE, call={"mask": np.ones((3, 4), bool)})


def wrappers() -> None:
    for class_name in ("SimpleRNN", "LSTM", "GRU"):
        for mode in ("concat", "sum", "mul", "ave", None):
            inner = {"class": class_name, "config": {"units": 3, "return_sequences": True}}
            word = mode or "none"
            config = {"layer": inner, "merge_mode": mode}
            record(f"bidirectional_{class_name}_{word}".lower(), "Bidirectional", config, SHAPE)
        last = {"layer": {"class": class_name, "config": {"units": 3}}}
        record(f"bidirectional_{class_name}_last".lower(), "Bidirectional", last, SHAPE)
        for word in ("right", "left"):
            for inner_config in ({"units": 3}, {"units": 3, "return_sequences": True}):
                ending = "_sequences" if len(inner_config) > 1 else ""
                config = {"layer": {"class": class_name, "config": inner_config}}
                record(
                    f"bidirectional_{class_name}_mask_{word}{ending}".lower(),
                    "Bidirectional",
                    config,
                    SHAPE,
                    call={"mask": MASKS[word]},
                )
    every = {"units": 3, "return_sequences": True, "return_state": True}
    record("bidirectional_lstm_state", "Bidirectional", {"layer": {"class": "LSTM", "config": every}}, SHAPE)
    record(
        "bidirectional_lstm_initial_state",
        "Bidirectional",
        {"layer": {"class": "LSTM", "config": every}},
        SHAPE,
        call={"initial_state": [(3, 3)] * 4},
    )
    two = {
        "layer": {"class": "GRU", "config": {"units": 3}},
        "backward_layer": {"class": "LSTM", "config": {"units": 2, "go_backwards": True}},
    }
    record("bidirectional_two_layers", "Bidirectional", two, SHAPE)
    dense = {"layer": {"class": "Dense", "config": {"units": 3, "activation": "tanh"}}}
    record("time_distributed_dense", "TimeDistributed", dense, SHAPE)
    record("time_distributed_dense_4d", "TimeDistributed", dense, (2, 3, 2, 2))
    conv = {"layer": {"class": "Conv2D", "config": {"filters": 2, "kernel_size": 2}}}
    record("time_distributed_conv", "TimeDistributed", conv, (2, 2, 3, 3, 1))
    cell = {"class": "LSTMCell", "config": {"units": 3}}
    record("rnn_of_lstm_cell", "RNN", {"cell": cell, "return_sequences": True}, SHAPE)
    stack = {"class": "StackedRNNCells", "config": {"cells": [cell, {"class": "GRUCell", "config": {"units": 2}}]}}
    record("rnn_of_stack", "RNN", {"cell": stack}, SHAPE)


if __name__ == "__main__":
    cells()
    wrappers()
    record.save()
