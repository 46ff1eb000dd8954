"""Training on generators, loaders and numbered batches is as good as training on arrays."""

import numpy as np
import pytest

from lamina.errors import LaminaWarning
from ways import X, Y, assert_close, every_way, linear


class Numbered:
    """Batches by number, as Keras's PyDataset."""

    ended = 0

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return X[5 * i : 5 * i + 5], Y[5 * i : 5 * i + 5]

    def on_epoch_end(self):
        self.ended += 1


class Again:
    """Batches that can be iterated again."""

    def __iter__(self):
        return (Numbered()[i] for i in range(5))


def for_ever():
    while True:
        yield from Again()


@every_way
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (Numbered, {}),
        (Again, {}),
        (for_ever, {"steps_per_epoch": 5}),
        (Again, {"steps_per_epoch": 5}),
        (Numbered, {"steps_per_epoch": 5}),
    ],
)
def test_batches_from_elsewhere_are_as_good_as_arrays(way, data, told):
    model, other = linear(way), linear(way)
    given = data()
    a = model.fit(given, epochs=2, shuffle=False, verbose=0, **told)
    b = other.fit(X, Y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    assert a.history == b.history
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
    assert getattr(given, "ended", 2) == 2


@every_way
def test_a_generator_that_ends_ends_training(way):
    model = linear(way)
    with pytest.warns(LaminaWarning, match="the data ran out"):
        history = model.fit((b for b in Again()), epochs=3, verbose=0)
    assert history.epoch == [0]
    with pytest.warns(LaminaWarning, match="the data ran out(.|\\n)*epoch 2, step 1 of 2"):
        history = model.fit((b for b in list(Again())[:3]), epochs=3, steps_per_epoch=2, verbose=0)
    assert history.epoch == [0, 1]


@every_way
def test_numbered_batches_are_shuffled_alike_each_time(way):
    runs = [linear(way).fit(Numbered(), epochs=2, verbose=0).history["loss"] for _ in range(2)]
    assert runs[0] == runs[1] != linear(way).fit(Numbered(), epochs=2, verbose=0, shuffle=False).history["loss"]


@every_way
def test_evaluate_and_predict_from_batches(way):
    model = linear(way, metrics=["mae"])
    assert_close(model.evaluate(Again(), verbose=0), model.evaluate(X, Y, batch_size=5, verbose=0))
    assert_close(model.predict(Again(), verbose=0), model.predict(X, batch_size=22, verbose=0))
    assert_close(model.predict(X, batch_size=5, steps=2, verbose=0), model(X[:10]))


@every_way
def test_steps_per_epoch_goes_on_through_the_data(way):
    model, other = linear(way), linear(way)
    a = model.fit(X[:20], Y[:20], batch_size=5, steps_per_epoch=2, epochs=6, verbose=0)
    other.fit(X[:20], Y[:20], batch_size=5, epochs=3, verbose=0)
    assert len(a.history["loss"]) == 6
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
