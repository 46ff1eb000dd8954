"""Every feature of ``fit``, on each backend and op by op: the numbers are those of a loop written by hand."""

import numpy as np
import pytest

import lamina
from lamina import callbacks, layers
from lamina.errors import ArgumentError
from ways import LABELS, RANDOM, X, Y, assert_close, every_way, linear


def by_hand(x, y, weights=None, batch=5, epochs=1, rate=0.1, units=2):
    """The same linear regression in NumPy, batches in order, float64: weights, bias, loss of each epoch."""
    w = np.random.default_rng(1).normal(size=(3, units))
    b, losses = np.zeros(units), []
    weights = np.ones(len(x)) if weights is None else weights
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch):
            xs, ys, ws = x[i : i + batch], y[i : i + batch], weights[i : i + batch]
            error = xs @ w + b - ys
            total += (ws * (error**2).mean(1)).mean() * len(xs)
            slope = 2 * error * ws[:, None] / error.size
            w, b = w - rate * xs.T @ slope, b - rate * slope.sum(0)
        losses.append(total / len(x))
    return w, b, losses


@every_way
def test_batches_with_a_remainder_are_those_of_the_loop_by_hand(way):
    model = linear(way)
    history = model.fit(X, Y, batch_size=5, epochs=3, shuffle=False, verbose=0)
    w, b, losses = by_hand(X, Y, epochs=3)
    assert_close(model.get_weights()[0], w)
    assert_close(model.get_weights()[1], b)
    assert_close(history.history["loss"], losses)
    assert history.epoch == [0, 1, 2]
    assert history.params["epochs"] == 3


@every_way
def test_sample_weights_weigh_samples(way):
    weights = np.linspace(0, 2, 22)
    model = linear(way)
    model.fit(X, Y, batch_size=5, shuffle=False, sample_weight=weights, verbose=0)
    assert_close(model.get_weights()[0], by_hand(X, Y, weights)[0])


@every_way
@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weights_are_sample_weights_by_label(way, one_hot):
    table = {0: 0.5, 2: 3.0}
    y = np.eye(4, dtype="float32")[LABELS] if one_hot else LABELS
    kinds = lamina.losses.CategoricalCrossentropy, lamina.losses.SparseCategoricalCrossentropy
    loss = kinds[not one_hot](from_logits=True)
    model, other = (linear(way, 4, loss, weighted_metrics=["accuracy"]) for _ in range(2))
    a = model.fit(X, y, class_weight=table, batch_size=8, verbose=0, epochs=2)
    b = other.fit(X, y, sample_weight=[table.get(int(i), 1.0) for i in LABELS], batch_size=8, verbose=0, epochs=2)
    assert_close(model.get_weights()[0], other.get_weights()[0])
    assert_close(a.history["loss"], b.history["loss"])
    assert_close(a.history["accuracy"], b.history["accuracy"])
    plain = linear(way, 4, loss)
    plain.fit(X, y, batch_size=8, verbose=0, epochs=2)
    assert abs(plain.get_weights()[0] - model.get_weights()[0]).max() > 1e-3


def two_heads(way, **told):
    a, b = lamina.Input((3,), name="left"), lamina.Input((2,), name="right")
    h = layers.Concatenate()([layers.Dense(3, name="da")(a), layers.Dense(3, name="db")(b)])
    model = lamina.Model([a, b], [layers.Dense(1, name="size")(h), layers.Dense(3, "softmax", name="kind")(h)])
    weights = np.random.default_rng(2)
    model.set_weights([weights.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    model.compile(lamina.optimizers.SGD(0.05), **told, **way)
    return model


KIND = LABELS % 3


@every_way
def test_several_inputs_and_outputs_by_list_and_by_name(way):
    by_list = two_heads(
        way, loss=["mse", "sparse_categorical_crossentropy"], loss_weights=[1.0, 0.25], metrics=[["mae"], ["accuracy"]]
    )
    by_name = two_heads(
        way,
        loss={"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"size": 1.0, "kind": 0.25},
        metrics={"kind": "accuracy", "size": ["mae"]},
    )
    a = by_list.fit([X, Y], [Y[:, 0], KIND], batch_size=6, epochs=2, verbose=0)
    b = by_name.fit({"right": Y, "left": X}, {"kind": KIND, "size": Y[:, :1]}, batch_size=6, epochs=2, verbose=0)
    assert list(a.history) == ["loss", "size_loss", "kind_loss", "size_mae", "kind_accuracy"]
    for name, values in a.history.items():
        assert_close(b.history[name], values)
    assert_close(a.history["loss"], np.add(a.history["size_loss"], np.multiply(0.25, a.history["kind_loss"])))
    for v, w in zip(by_list.get_weights(), by_name.get_weights(), strict=True):
        np.testing.assert_array_equal(v, w)
    size, kind = by_list.predict([X, Y], batch_size=6, verbose=0)
    assert (size.shape, kind.shape) == ((22, 1), (22, 3))
    once = by_list([X, Y])
    assert_close(size, once[0])
    assert_close(kind, once[1])


@every_way
def test_class_weights_of_one_output_of_several(way):
    told = {"loss": ["mse", "sparse_categorical_crossentropy"]}
    model, other = two_heads(way, **told), two_heads(way, **told)
    table = {0: 2.0, 1: 0.5, 2: 1.0}
    model.fit([X, Y], [Y[:, :1], KIND], class_weight={"kind": table}, verbose=0)
    other.fit([X, Y], [Y[:, :1], KIND], sample_weight={"kind": np.array([table[k] for k in KIND])}, verbose=0)
    assert_close(model.get_weights()[0], other.get_weights()[0])
    with pytest.raises(ArgumentError, match="class_weight is meant for one output"):
        two_heads(way, **told).fit([X, Y], [Y[:, :1], KIND], class_weight=table, verbose=0)


@every_way
def test_an_output_without_a_loss_is_left_alone(way):
    model = two_heads(way, loss={"size": "mse"})
    before = model.get_layer("kind").get_weights()[0]
    model.fit([X, Y], {"size": Y[:, :1]}, verbose=0)
    np.testing.assert_array_equal(model.get_layer("kind").get_weights()[0], before)


@every_way
def test_validation_by_split_and_by_data(way):
    model, other = linear(way, metrics=["mae"]), linear(way, metrics=["mae"])
    a = model.fit(X, Y, validation_split=0.25, epochs=2, batch_size=4, verbose=0)
    b = other.fit(X[:16], Y[:16], validation_data=(X[16:], Y[16:]), epochs=2, batch_size=4, verbose=0)
    assert list(a.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert a.history == b.history
    loss, mae = model.evaluate(X[16:], Y[16:], verbose=0, batch_size=4)
    assert (loss, mae) == (a.history["val_loss"][-1], a.history["val_mae"][-1])
    assert model.evaluate(X[16:], Y[16:], verbose=0, batch_size=4, return_dict=True) == {"loss": loss, "mae": mae}


@every_way
def test_validation_only_in_some_epochs(way):
    assert (
        len(linear(way).fit(X, Y, validation_split=0.2, epochs=4, validation_freq=2, verbose=0).history["val_loss"])
        == 2
    )
    assert (
        len(linear(way).fit(X, Y, validation_split=0.2, epochs=4, validation_freq=[4], verbose=0).history["val_loss"])
        == 1
    )


@every_way
def test_regularizers_added_losses_and_constraints_count(way):
    class Penalty(layers.Layer):
        def call(self, x):
            self.add_loss(0.5 * lamina.ops.mean(x * x))
            return x

    model = lamina.Sequential(
        [
            lamina.Input((3,)),
            Penalty(),
            layers.Dense(
                2, kernel_regularizer=lamina.regularizers.L2(0.1), bias_constraint=lamina.constraints.NonNeg()
            ),
        ]
    )
    kernel = np.random.default_rng(1).normal(size=(3, 2)).astype("float32")
    model.set_weights([kernel, np.zeros(2, "float32")])
    model.compile(lamina.optimizers.SGD(0.1), loss="mse", **way)
    want = ((X @ kernel - Y) ** 2).mean() + 0.5 * (X * X).mean() + 0.1 * (kernel**2).sum()
    assert_close(model.evaluate(X, Y, batch_size=22, verbose=0), want)
    model.fit(X, Y, epochs=3, verbose=0)
    assert (model.get_weights()[1] >= 0).all()


@every_way
def test_masked_steps_do_not_count(way):
    model = lamina.Sequential([lamina.Input((4, 2)), layers.Masking(), layers.Dense(1, kernel_initializer="ones")])
    model.compile(lamina.optimizers.SGD(0.1), loss="mse", **way)
    x = RANDOM.normal(size=(6, 4, 2)).astype("float32")
    x[:, 2:] = 0.0
    y = RANDOM.normal(size=(6, 4, 1)).astype("float32")
    want = ((x.sum(-1, keepdims=True) - y)[:, :2] ** 2).mean()
    assert_close(model.evaluate(x, y, verbose=0), want)
    wrong = y.copy()
    wrong[:, 2:] = 1e6
    assert_close(model.evaluate(x, wrong, verbose=0), want)


@every_way
def test_dropout_and_moving_averages_train(way):
    model = lamina.Sequential(
        [
            lamina.Input((3,)),
            layers.Dense(8, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(2),
        ]
    )
    model.compile("adam", loss="mse", **way)
    moving = [v for v in model.non_trainable_variables if "moving" in v.path]
    before = [v.numpy() for v in moving]
    history = model.fit(X, Y, epochs=20, batch_size=11, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert all(abs(v.numpy() - b).max() > 1e-3 for v, b in zip(moving, before, strict=True))
    assert int(model.training_generator.step.array) == 40


@every_way
def test_one_batch_at_a_time(way):
    model, other = linear(way, metrics=["mae"]), linear(way, metrics=["mae"])
    loss, mae = model.train_on_batch(X, Y)
    history = other.fit(X, Y, batch_size=22, verbose=0).history
    assert_close([loss, mae], [history["loss"][0], history["mae"][0]])
    assert_close(model.get_weights()[0], other.get_weights()[0])
    model.reset_metrics()
    assert_close(model.test_on_batch(X, Y, return_dict=True)["mae"], other.evaluate(X, Y, verbose=0)[1])
    assert_close(model.predict_on_batch(X), other.predict(X, verbose=0))
    assert model.metrics_names == ["loss", "mae"]


@every_way
def test_a_train_step_of_ones_own(way):
    class Own(lamina.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y, _ = data
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
            weights = self.trainable_variables
            from_own = lamina.trace.gradients([loss], [v.value for v in weights])
            self.optimizer.apply(from_own, weights)
            return {"my_loss": loss}

    model = Own()
    model.compile(lamina.optimizers.SGD(0.1), loss="mse", **way)
    history = model.fit(X, Y, epochs=5, batch_size=22, verbose=0)
    assert list(history.history) == ["my_loss"]
    assert history.history["my_loss"][-1] < history.history["my_loss"][0]


@every_way
def test_fit_again_sees_another_order_and_the_same_one_in_another_run(way):
    def twice():
        model = linear(way)
        return [model.fit(X, Y, batch_size=5, verbose=0).history["loss"][0] for _ in range(2)]

    assert twice() == twice()
    model = linear(way, optimizer=lamina.optimizers.SGD(0.0))
    firsts = []
    for _ in range(2):
        model.fit(X, Y, batch_size=1, steps_per_epoch=1, verbose=0)
        firsts.append(model.history.history["loss"][0])
    assert firsts[0] != firsts[1]


def test_compile_and_fit_refuse_what_they_do_not_know():
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(2)])
    with pytest.raises(ArgumentError, match="does not know how to be trained"):
        model.fit(X, Y)
    assert model.predict(X, verbose=0).shape == (22, 2)
    with pytest.raises(ArgumentError, match="unknown loss 'mze'"):
        linear({}, loss="mze").fit(X, Y)
    with pytest.raises(ArgumentError, match="unknown argument of compile 'metric'"):
        model.compile(metric=["mae"])
    with pytest.raises(ArgumentError, match="has no loss"):
        linear({}, loss=None).fit(X, Y)
    with pytest.raises(ArgumentError, match="epochs is a whole number"):
        linear({}).fit(X, Y, epochs=-1)
    with pytest.raises(ArgumentError, match="this is no callback"):
        linear({}).fit(X, Y, callbacks=[callbacks.EarlyStopping])
    with pytest.raises(ArgumentError, match="loss names no output"):
        linear({}, loss={"other": "mse"}).fit(X, Y)


def weights_after(way, told, **fit):
    lamina.random.set_seed(11)
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(16, activation="relu"), layers.Dropout(0.25), layers.Dense(4)]
    )
    model.compile(
        "adam", loss=lamina.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"], **way
    )
    history = model.fit(X, LABELS, batch_size=4, epochs=3, **told, **fit)
    return [v.numpy() for v in model.state_variables()], history.history


class EveryBatch(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.last = logs


@every_way
def test_looking_never_changes_the_bits(way, capsys):
    want, history = weights_after(way, {"verbose": 0})
    for told in (
        {"verbose": 2},
        {"verbose": 1},
        {"verbose": 0, "callbacks": [EveryBatch()]},
        {"verbose": 0, "callbacks": [callbacks.TerminateOnNaN()]},
        {"verbose": 0, "callbacks": [callbacks.LambdaCallback(on_progress=lambda step, logs: None)]},
    ):
        found, other = weights_after(way, told)
        assert other == history
        for a, b in zip(want, found, strict=True):
            np.testing.assert_array_equal(a, b)


def test_ctrl_c_stops_at_a_step_and_keeps_history_and_weights():
    class Stop(callbacks.Callback):
        ended = False

        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

        def on_train_end(self, logs=None):
            self.ended = True

    model, stop = linear({}), Stop()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=[stop])
    assert stop.ended
    assert len(model.history.history["loss"]) == 2
    model.fit(X, Y, verbose=0)


def test_the_programs_of_a_model_are_bounded():
    model = linear({"backend": "reference"})
    for n in range(2, 22):
        model.predict_on_batch(X[:n])
    assert len(model._state.programs) == 8


@every_way
def test_names_of_ones_own_and_a_loss_that_a_layer_adds(way):
    class Own(lamina.Model):
        def __init__(self):
            super().__init__()
            self.generator, self.position = (layers.Dense(2, activation="tanh") for _ in range(2))
            self.plan = layers.Dense(2)
            self.callbacks = self.data = self.state = None

        def call(self, x):
            y = self.plan(self.position(self.generator(x)))
            self.add_loss(lamina.ops.mean(y * y))
            return y

    model = Own()
    model.compile(lamina.optimizers.SGD(0.05), **way)
    history = model.fit(X, epochs=4, batch_size=22, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert isinstance(model.generator, layers.Dense)
    assert model.callbacks is None


@every_way
def test_weights_that_are_not_trained_pay_no_penalty(way):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(2, kernel_regularizer="l2"), layers.Dense(2)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse", lint="off", **way)
    want = float(np.mean((model.predict(X, verbose=0) - Y) ** 2))
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(want, rel=1e-5)
    assert model.fit(X, Y, batch_size=len(X), verbose=0).history["loss"] == [pytest.approx(want, rel=1e-5)]


@every_way
def test_metrics_of_one_name_are_told_apart_as_in_keras(way):
    model = linear(way, metrics=["mae", "mae"], weighted_metrics=["mae"])
    history = model.fit(X, Y, sample_weight=np.linspace(0, 1, len(X)), verbose=0).history
    assert list(history) == ["loss", "mae", "mae_1", "weighted_mae"]
    assert history["mae"] == history["mae_1"] != history["weighted_mae"]
    assert len(model.evaluate(X, Y, verbose=0)) == 4
