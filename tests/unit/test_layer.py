"""The shell of a layer: state, names, calls on arrays, training, masks, losses, configuration."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops
from lamina.errors import ArgumentError, MaskError, ShapeError
from lamina.graph import placeholder
from lamina.trace import Trace, Variable
from lamina.types import Type


class Scale(lamina.Layer):
    """A user's own layer."""

    def __init__(self, times=1.0, **kwargs):
        super().__init__(**kwargs)
        self.times = times

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, x, training=False):
        if training:
            self.count.assign_add(1.0)
        return x * self.factor * self.times


class Block(lamina.Layer):
    """A layer with layers inside, in every place where they are found."""

    def __init__(self):
        super().__init__(name="block")
        self.first = layers.Dense(2, name="first")
        self.more = [layers.Dense(2, name="second"), {"x": layers.Dense(2, name="third")}]
        self.bias = Variable(np.zeros(2, "float32"), name="bias")

    def call(self, x):
        return self.more[1]["x"](self.more[0](self.first(x))) + self.bias


def test_names_count_up_per_class():
    layers.reset_names()
    names = [layers.Dense(1).name, layers.Dense(1).name, layers.SimpleRNN(1).name, layers.Dense(1, name="own").name]
    assert names == ["dense", "dense_1", "simple_rnn", "own"]


@pytest.mark.parametrize("name", ["", "a/b", 3])
def test_names_are_texts_without_a_slash(name):
    with pytest.raises(ArgumentError, match="without a slash"):
        layers.Dense(1, name=name)


def test_unknown_argument_says_what_was_meant():
    with pytest.raises(ArgumentError, match="did you mean 'kernel_initializer'"):
        layers.Dense(1, kernel_initialiser="zeros")


def test_state_is_found_in_order_with_paths():
    block = Block()
    block(np.ones((1, 3), "float32"))
    assert [v.path for v in block.weights] == ["block/bias", *(f"block/{n}/{w}" for n in ("first", "second", "third")
                                                               for w in ("kernel", "bias"))]


def test_call_on_arrays_computes_and_stores():
    layer = Scale(2.0)
    x = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(layer(x), [[2, 4]])
    assert layer(x).dtype == np.float32
    layer(x, training=True)
    assert float(layer.count) == 1
    np.testing.assert_array_equal(x, [[1, 2]])


def test_lists_of_numbers_are_tensors():
    np.testing.assert_array_equal(Scale()([[1.0, 2.0]]), [[1, 2]])


def test_training_of_the_outer_call_holds_inside():
    class Outer(lamina.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Scale()

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer(np.ones((1, 2)), training=True)
    outer(np.ones((1, 2)))
    assert float(outer.inner.count) == 1


def test_trainable_reaches_everything_inside():
    block = Block()
    block(np.ones((1, 2), "float32"))
    block.trainable = False
    assert block.trainable_weights == []
    assert not block.first.trainable
    block.trainable = True
    assert len(block.trainable_weights) == 7


def test_a_layer_frozen_before_it_is_built_stays_frozen_but_for_what_never_trains():
    layer = Scale(trainable=False)
    layer.build((None, 2))
    assert layer.trainable_weights == []
    layer.trainable = True
    assert [v.name for v in layer.trainable_weights] == ["factor"]


def test_set_weights_refuses_a_wrong_number_and_a_wrong_shape():
    layer = layers.Dense(3, name="logits")
    with pytest.raises(ShapeError, match="build the layer first"):
        layer.set_weights([np.zeros((2, 3))])
    layer.build((None, 2))
    before = layer.get_weights()
    with pytest.raises(ShapeError, match=r"'logits/bias' cannot take another shape\n  got:  \(2,\)\n  want: \(3,\)"):
        layer.set_weights([np.zeros((2, 3)), np.zeros(2)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_count_params_asks_for_a_built_layer():
    with pytest.raises(ArgumentError, match="no weights yet"):
        layers.Dense(3).count_params()


def test_activity_regularizer_is_divided_by_the_batch():
    layer = layers.Dense(1, kernel_initializer="ones", activity_regularizer=lamina.regularizers.L2(0.5))
    layer(np.array([[1.0], [3.0]], "float32"))
    assert float(layer.losses[0]) == 0.5 * (1 + 9) / 2


def test_add_loss_reaches_the_trace():
    class Penal(lamina.Layer):
        def call(self, x):
            self.add_loss(ops.sum(x))
            return x

    with Trace() as trace:
        Penal()(placeholder(Type("float32", (2, 3))))
    assert [loss.shape for loss in trace.losses] == [()]
    layer = Penal()
    layer(np.ones((2, 3), "float32"))
    assert float(layer.losses[0]) == 6


def test_masks_travel_through_layers_that_support_them():
    ids = np.array([[1, 2, 0, 0]])
    with Trace() as trace:
        x = layers.Embedding(3, 2, mask_zero=True)(ids)
        y = layers.Dense(2)(layers.Dropout(0.5)(x))
    assert trace.masks[y] is trace.masks[x]


def test_a_lost_mask_is_an_error_that_names_the_layer():
    with Trace():
        x = layers.Embedding(3, 2, mask_zero=True)(np.array([[1, 0]]))
        with pytest.raises(MaskError, match='Flatten "flat" cannot carry the mask'):
            layers.Flatten(name="flat")(x)
        layers.Flatten(name="flat")(layers.DropMask()(x))


def test_a_layer_that_takes_the_mask_gets_it():
    class Count(lamina.Layer):
        def call(self, x, mask=None):
            return ops.sum(ops.cast(mask, "float32"), 1)

    model = lamina.Sequential([layers.Embedding(3, 2, mask_zero=True), Count()])
    np.testing.assert_array_equal(model(np.array([[1, 0, 2], [0, 0, 1]])), [2, 1])


def test_forgetting_super_says_so():
    class Bad(lamina.Layer):
        def __init__(self):
            self.size = 3

        def call(self, x):
            return x

    with pytest.raises(TypeError, match=r"super\(\).__init__\(\)"):
        Bad()(np.ones((1, 2)))


def test_configuration_of_a_users_layer_needs_no_code():
    layer = Scale(times=3.0, name="mine", trainable=False)
    again = Scale.from_config(layer.get_config())
    assert (again.times, again.name, again.trainable) == (3.0, "mine", False)


def test_configuration_refuses_what_is_no_data():
    class Holder(lamina.Layer):
        def __init__(self, thing, **kwargs):
            super().__init__(**kwargs)
            self.thing = thing

    with pytest.raises(ArgumentError, match="argument 'thing' is not data"):
        Holder(object()).get_config()


def test_lambda_runs_and_refuses_a_configuration():
    layer = layers.Lambda(lambda x, times: x * times, arguments={"times": 3.0})
    np.testing.assert_array_equal(layer(np.ones((1, 2), "float32")), [[3, 3]])
    with pytest.raises(ArgumentError, match="names no code"):
        layer.get_config()


def test_build_that_takes_several_shapes():
    class Two(lamina.Layer):
        def build(self, a_shape, b_shape):
            self.shapes = [a_shape, b_shape]

        def call(self, a, b):
            return a

    layer = Two()
    layer(np.ones((1, 2), "float32"), np.ones((1, 3), "float32"))
    assert layer.shapes == [(1, 2), (1, 3)]


def test_compute_output_shape_needs_no_data():
    assert layers.LSTM(3, return_sequences=True).compute_output_shape((None, 7, 2)) == (None, 7, 3)
    assert layers.LSTM(3).compute_output_shape((None, None, 2)) == (None, 3)
    assert layers.Reshape((-1, 2)).compute_output_shape((None, 8)) == (None, 4, 2)


def test_weights_made_inside_of_a_trace_are_numbers():
    layer = layers.Dense(2)
    with Trace():
        layer(placeholder(Type("float32", (3, 4))))
    assert layer.get_weights()[0].std() > 0


def test_what_trains_and_what_does_not_are_listed_apart():
    layer = layers.BatchNormalization()
    layer.build((None, 2))
    assert [v.name for v in layer.trainable_variables] == ["gamma", "beta"]
    assert [v.name for v in layer.non_trainable_variables] == ["moving_mean", "moving_variance"]
    layer.trainable = False
    assert [len(layer.trainable_weights), len(layer.non_trainable_weights)] == [0, 4]
