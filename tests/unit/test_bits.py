"""The same bits: for any number of threads, with averages of the weights, and through a saved model."""

import numpy as np

import lamina
from lamina import callbacks, layers

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(600, 256)).astype("float32")
Y = RANDOM.integers(0, 10, 600)


def trained(*some, **told):
    lamina.random.set_seed(4)
    hidden = [layers.Dense(256, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.2)]
    model = lamina.Sequential([lamina.Input((256,)), *hidden, layers.Dense(10, activation="softmax")])
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"], **told)
    model.fit(X, Y, batch_size=250, epochs=3, verbose=0, validation_split=0.1, callbacks=list(some))
    return model


def same(model, other):
    for a, b in zip(model.state_variables(), other.state_variables(), strict=True):
        np.testing.assert_array_equal(a.array, b.array)
    assert model.history.history == other.history.history


def test_any_number_of_threads():
    before = lamina.get_num_threads()
    try:
        lamina.set_num_threads(1)
        want = trained(backend="native")
        for n in (2, 3, 8):
            lamina.set_num_threads(n)
            same(trained(backend="native"), want)
            same(trained(callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None), backend="native"), want)
    finally:
        lamina.set_num_threads(before)


def test_the_best_model_is_saved_and_loaded(tmp_path):
    path = tmp_path / "best.lamina"
    keeper = callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)
    model = trained(keeper, callbacks.EarlyStopping(restore_best_weights=True, patience=5))
    loaded = lamina.load_model(path)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert keeper.best == min(model.history.history["val_loss"])


def test_training_ends_with_the_averages_of_the_weights():
    model = lamina.Sequential([lamina.Input((256,)), layers.Dense(10)])
    optimizer = lamina.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer, loss=lamina.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, epochs=1, verbose=0)
    for v in model.trainable_variables:
        np.testing.assert_array_equal(v.numpy(), optimizer.slot("average", v).numpy())
