"""The paths of weights: what files and messages name them by. They are the same in every process and after loading."""

import numpy as np
import pytest

import lamina
from lamina import layers


class Own(lamina.Layer):
    """A layer whose owner makes what is inside, with made-up names."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(2)
        self.rest = [layers.Dense(2), layers.TimeDistributed(layers.Dense(2))]
        self.by_name = {"a": layers.Dense(2, name="told")}
        self.stack = lamina.Sequential([layers.Dense(2), layers.Dense(2), layers.LSTM(2)])

    def build(self, input_shape):
        self.w = self.add_weight(shape=(1,))
        self.more = [self.add_weight(shape=(1,)) for _ in range(2)]

    def call(self, x):
        x = self.by_name["a"](self.rest[1](self.rest[0](self.first(x)))) * self.w
        return self.stack(x)


OWN = ["w", "more_0", "more_1", *(f"{layer}/{w}" for layer in ("first", "rest_0", "rest_1/dense", "told", "stack/dense",
       "stack/dense_1") for w in ("kernel", "bias")), "stack/lstm/lstm_cell/kernel",
       "stack/lstm/lstm_cell/recurrent_kernel", "stack/lstm/lstm_cell/bias"]


def paths_of(layer) -> list[str]:
    return [v.path for v in layer.weights]


def test_what_an_owner_makes_is_called_as_it_is_held():
    for _ in range(2):                       # made-up names count on; paths do not
        layer = Own(name="own")
        layer(np.ones((1, 3, 2), "float32"))
        assert paths_of(layer) == [f"own/{path}" for path in OWN]


def test_a_model_keeps_the_names_of_its_layers_and_a_copy_has_the_same_paths():
    x = lamina.Input((3, 2))
    inner = lamina.Sequential([lamina.Input((3, 2)), layers.Dense(2)])
    wrapped = layers.TimeDistributed(layers.Dense(2))
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True))
    model = lamina.Model(x, Own()(both(layers.RNN(layers.LSTMCell(2), return_sequences=True)(wrapped(inner(x))))))
    names = [layer.name for layer in model.layers[1:]]
    assert list(dict.fromkeys(path.split("/")[0] for path in paths_of(model))) == names
    assert f"{inner.name}/{inner.layers[0].name}/kernel" in paths_of(model)
    assert f"{both.name}/forward_layer/gru_cell/kernel" in paths_of(model)
    again = type(model).from_config(model.get_config(), {"Own": Own})
    assert paths_of(again) == paths_of(model)
    assert len(set(paths_of(model))) == len(model.weights)


def test_nodes_carry_the_same_paths():
    layer = Own(name="own")
    layer(np.ones((1, 3, 2), "float32"))
    made = lamina.trace.trace(lambda x: layer(x), [lamina.types.Type("float32", (1, 3, 2))])
    found = {n.path for n in made.graph.nodes}
    assert {"own/first", "own/rest_0", "own/rest_1/dense", "own/stack/dense_1"} <= found


@pytest.mark.parametrize("shared", [False, True])
def test_a_layer_keeps_its_first_place(shared):
    dense = layers.Dense(2, name="d")
    first = lamina.Sequential([lamina.Input((2,)), dense], name="first")
    assert paths_of(first) == ["d/kernel", "d/bias"]
    if shared:
        lamina.Sequential([lamina.Input((2,)), dense], name="second")
        assert paths_of(first) == ["d/kernel", "d/bias"]
    else:
        lamina.Sequential([first])
        assert paths_of(first) == ["first/d/kernel", "first/d/bias"]
