"""Models whose inputs are text: trained, saved, loaded, explained; and what they refuse."""

import json
import zipfile

import numpy as np
import pytest

import lamina
from lamina import layers
from lamina.errors import ArgumentError, DataError, DtypeError, FileFormatError

TEXTS = ["the cat sat", "a dog ran", "the dog sat down", "cats run far", "no"] * 4
LABELS = np.array([0, 1, 1, 0, 1] * 4)
FORMS = {
    "list": TEXTS,
    "unicode": np.array(TEXTS),
    "objects": np.array(TEXTS, object),
    "bytes": np.array(TEXTS, "S"),
    "column": np.array(TEXTS)[:, None],
    "rows": [[text] for text in TEXTS],
}


def adapted(**config):
    layer = layers.TextVectorization(**{"output_sequence_length": 5, **config})
    layer.adapt(TEXTS)
    return layer


def classifier(shape=(1,), vectorize=None):
    vectorize = vectorize or adapted()
    model = lamina.Sequential(
        [
            lamina.Input(shape, dtype="string"),
            vectorize,
            layers.Embedding(vectorize.vocabulary_size(), 6, mask_zero=True),
            layers.LSTM(5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(), (1,)], ids=["vector", "column"])
def test_a_model_reads_text_in_every_form(form, shape):
    model = classifier(shape)
    wanted = model.predict(TEXTS, verbose=0)
    given = FORMS[form]
    assert wanted.shape == (20, 1)
    assert np.array_equal(model.predict(given, verbose=0), wanted)
    assert np.array_equal(model(given), model(TEXTS))
    assert np.array_equal(model.predict_on_batch(given), wanted)
    assert model.evaluate(given, LABELS, verbose=0) == model.evaluate(TEXTS, LABELS, verbose=0)


@pytest.mark.parametrize("eagerly", [False, True])
def test_training_on_text_is_training_on_its_numbers(eagerly):
    trained = []
    for raw in (True, False):
        lamina.random.set_seed(3)
        model = classifier()
        model.run_eagerly = eagerly
        numbers = model.layers[0](TEXTS)
        if not raw:
            model = lamina.Sequential([lamina.Input((5,), dtype="int32"), *model.layers[1:]])
            model.compile("adam", "binary_crossentropy", metrics=["accuracy"], run_eagerly=eagerly)
        x = TEXTS if raw else numbers
        history = model.fit(x, LABELS, batch_size=8, epochs=2, validation_split=0.2, verbose=0)
        trained.append((history.history, *model.get_weights()))
    for a, b in zip(*trained, strict=True):
        assert np.array_equal(a, b) if not isinstance(a, dict) else a == b


def test_batches_may_be_text():
    model = classifier()

    def batches():
        for i in range(0, 20, 5):
            yield TEXTS[i : i + 5], LABELS[i : i + 5]

    model.fit(batches(), verbose=0, validation_data=(TEXTS, LABELS))
    got = model.evaluate(batches(), verbose=0)
    np.testing.assert_allclose(got, model.evaluate(TEXTS, LABELS, verbose=0), rtol=1e-5)
    assert model.predict(([t] for t in TEXTS), verbose=0).shape == (20, 1)
    model.train_on_batch(TEXTS[:4], LABELS[:4])
    model.test_on_batch(TEXTS[:4], LABELS[:4])


@pytest.mark.parametrize("mode", ["int", "multi_hot", "count", "tf_idf"])
def test_a_saved_model_predicts_the_same_bits(mode, tmp_path):
    vectorize = adapted(output_mode=mode, output_sequence_length=5 if mode == "int" else None)
    body = [layers.Embedding(20, 3), layers.Flatten()] if mode == "int" else []
    model = lamina.Sequential([lamina.Input((), dtype="string"), vectorize, *body, layers.Dense(2)])
    model.save(tmp_path / "a.lamina")
    model.save(tmp_path / "b.lamina")
    assert (tmp_path / "a.lamina").read_bytes() == (tmp_path / "b.lamina").read_bytes()
    again = lamina.load_model(tmp_path / "a.lamina")
    strange = [*TEXTS, "", "äöü ẞ 東京 😀", "unknown words only"]
    assert np.array_equal(again.predict(strange, verbose=0), model.predict(strange, verbose=0))
    assert again.layers[0].get_vocabulary() == vectorize.get_vocabulary()
    again.save(tmp_path / "c.lamina")
    assert (tmp_path / "a.lamina").read_bytes() == (tmp_path / "c.lamina").read_bytes()


def test_training_goes_on_after_loading(tmp_path):
    model = classifier()
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    model.save(tmp_path / "m.lamina")
    again = lamina.load_model(tmp_path / "m.lamina")
    for m in (model, again):
        m.fit(TEXTS, LABELS, epochs=1, verbose=0)
    assert np.array_equal(model.predict(TEXTS, verbose=0), again.predict(TEXTS, verbose=0))


def mixed_model():
    title = lamina.Input((), dtype="string", name="title")
    tag = lamina.Input((1,), dtype="string", name="tag")
    age = lamina.Input((2,), name="age")
    words = adapted(output_mode="multi_hot", output_sequence_length=None)(title)
    letters = layers.TextVectorization(split="character", vocabulary=list("abc"), output_sequence_length=3)(title)
    one = layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")(tag)
    joined = layers.Concatenate()([words, lamina.ops.cast(letters, "float32"), one, age])
    return lamina.Model([title, tag, age], layers.Dense(3)(joined))


def test_several_inputs_some_of_them_text(tmp_path):
    model = mixed_model()
    tags, ages = ["x", "z", "y", "x", "x"] * 4, np.ones((20, 2), "float32")
    by_place = model.predict([TEXTS, tags, ages], verbose=0)
    by_name = model.predict({"title": TEXTS, "tag": tags, "age": ages}, verbose=0)
    assert by_place.shape == (20, 3)
    assert np.array_equal(by_place, by_name)
    np.testing.assert_allclose(by_place, model([TEXTS, np.array(tags), ages]), rtol=1e-5)
    model.save(tmp_path / "m.lamina")
    assert np.array_equal(lamina.load_model(tmp_path / "m.lamina").predict([TEXTS, tags, ages], verbose=0), by_place)
    model.compile("sgd", "mse")
    model.fit({"title": TEXTS, "tag": tags, "age": ages}, np.zeros((20, 3), "float32"), verbose=0)
    model.fit([TEXTS, tags, ages], np.zeros((20, 3), "float32"), validation_split=0.5, verbose=0)


def test_a_model_that_reads_text_may_stand_in_another(tmp_path):
    inner = mixed_model()
    parts = [lamina.Input(x.shape[1:], dtype=x.dtype, name=x.name) for x in inner.inputs]
    outer = lamina.Model(parts, layers.Dense(1)(inner(parts)))
    data = [TEXTS, ["x"] * 20, np.ones((20, 2), "float32")]
    assert outer.predict(data, verbose=0).shape == (20, 1)
    stack = lamina.Sequential([lamina.Input((), dtype="string"), classifier(()), layers.Dense(2)])
    wanted = stack.predict(TEXTS, verbose=0)
    for model, x in ((outer, data), (stack, TEXTS)):
        model.save(tmp_path / "m.lamina")
        again = lamina.load_model(tmp_path / "m.lamina")
        assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    vectorizer = lamina.Sequential([lamina.Input((), dtype="string"), adapted()])
    text = lamina.Input((), dtype="string")
    model = lamina.Model(text, layers.Dense(1)(lamina.ops.cast(vectorizer(text), "float32")))
    assert model.predict(TEXTS, verbose=0).shape == (20, 1)
    assert wanted.shape == (20, 2)


def test_a_stack_finds_the_shape_of_its_text():
    model = lamina.Sequential([adapted(), layers.Embedding(20, 3), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(TEXTS, LABELS, verbose=0)
    assert model.input_shape == (None,)
    assert model.inputs[0].dtype == "string"
    assert model.predict(np.array(TEXTS), verbose=0).shape == (20, 1)
    bins = lamina.Sequential([layers.Hashing(5), layers.Embedding(5, 2), layers.Flatten(), layers.Dense(1)])
    assert bins(np.array([[1, 2], [3, 4]])).shape == (2, 1)
    with pytest.raises(DataError, match="another shape"):
        model.predict(np.array([["a", "b"]]), verbose=0)


def test_lookups_of_numbers_run_inside_of_the_program():
    x = lamina.Input((2,), dtype="int64")
    known = layers.IntegerLookup(vocabulary=[7, 2**40, -3])
    model = lamina.Model(x, known(x))
    data = np.array([[7, 2**40], [-3, 5]], "int64")
    assert model.predict(data, verbose=0).tolist() == [[1, 2], [3, 0]]
    y = lamina.Input((2,), dtype="int32")
    assert lamina.Model(y, layers.Hashing(11)(y)).predict(np.array([[1, 2], [2, 1]]), verbose=0).shape == (2, 2)
    left, right = lamina.Input((), dtype="string"), lamina.Input((), dtype="int32")
    crossed = lamina.Model([left, right], layers.HashedCrossing(5)([left, right]))
    pairs = [["A", "B", "A", "B", "A"], np.array([101, 101, 101, 102, 102])]
    assert crossed.predict(pairs, verbose=0).tolist() == [1, 4, 1, 1, 3]


def test_a_stack_without_an_input_keeps_the_kind_of_its_data(tmp_path):
    model = lamina.Sequential([layers.Hashing(5), layers.Embedding(5, 2), layers.Flatten(), layers.Dense(1)])
    data = np.array([[1, 2], [3, 4]])
    wanted = model.predict(data, verbose=0)
    model.save(tmp_path / "m.lamina")
    assert np.array_equal(lamina.load_model(tmp_path / "m.lamina").predict(data, verbose=0), wanted)
    inner = lamina.Sequential([adapted(), layers.Embedding(20, 3), layers.Flatten()])
    text = lamina.Input((), dtype="string")
    outer = lamina.Model(text, layers.Dense(1)(inner(text)))
    assert outer.predict(TEXTS, verbose=0).shape == (20, 1)
    assert inner.input_shape == (None,)


def test_one_layer_may_read_two_inputs():
    words = adapted()
    first, second = lamina.Input((), dtype="string"), lamina.Input((1,), dtype="string")
    model = lamina.Model([first, second], layers.Subtract()([words(first), words(second)]))
    assert not model.predict([TEXTS, TEXTS], verbose=0).any()
    assert model.predict([TEXTS, TEXTS[::-1]], verbose=0).any()


@pytest.mark.parametrize("backend", ["native", "reference", "xla"])
def test_every_backend_sees_the_same_numbers(backend):
    model = classifier()
    wanted = model.predict(TEXTS, verbose=0)
    model.compile("sgd", "mse", backend=backend)
    np.testing.assert_allclose(model.predict(TEXTS, verbose=0), wanted, rtol=1e-5)
    model.fit(TEXTS, LABELS, verbose=0)


def test_numbers_to_look_up_and_to_put_into_bins_are_saved(tmp_path):
    numbers = lamina.Input((2,), dtype="int64", name="numbers")
    sizes = lamina.Input((2,), name="sizes")
    ids, bins = layers.IntegerLookup(output_mode="count"), layers.Discretization(num_bins=4, output_mode="one_hot")
    ids.adapt(np.array([[5, 6], [5, 2**40]]))
    bins.adapt(np.arange(100.0))
    flat = layers.Flatten()(bins(sizes))
    model = lamina.Model([numbers, sizes], layers.Dense(2)(layers.Concatenate()([ids(numbers), flat])))
    data = [np.array([[5, 2**40], [7, 6]]), np.array([[1.0, 99.0], [50.0, -3.0]], "float32")]
    model.save(tmp_path / "m.lamina")
    again = lamina.load_model(tmp_path / "m.lamina")
    assert np.array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))
    with pytest.raises(ArgumentError, match="built for its vocabulary"):
        ids.adapt(np.array([1]))
    with pytest.raises(ArgumentError, match="knows its boundaries"):
        bins.adapt(np.arange(3.0))


def test_a_vocabulary_that_no_reader_would_take_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("lamina.models.description.MOST_VALUES", 100)
    with pytest.raises(FileFormatError, match="max_tokens"):
        classifier(vectorize=layers.TextVectorization(vocabulary=[f"w{i}" for i in range(90)])).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_explain_and_summary_show_the_layers_that_read():
    model = classifier()
    lines = []
    model.summary(print_fn=lines.append)
    assert "TextVectorization" in lines[0]
    told = lamina.explain(model)
    assert told.read == (model.layers[0].name,)
    assert str(told).startswith(f"Read on the host, before the program: {model.layers[0].name}")
    assert str(lamina.explain(model, x=TEXTS[:3])).count("batch 3") == 2
    assert lamina.explain(mixed_model()).inference.lines


def test_a_checkpoint_resumes_on_text(tmp_path):
    runs = []
    for epochs in ([4], [2, 4]):
        lamina.random.set_seed(5)
        model = classifier()
        for last in epochs:
            backup = lamina.callbacks.BackupAndRestore(tmp_path / f"b{len(epochs)}", delete_checkpoint=False)
            model.fit(TEXTS, LABELS, epochs=last, verbose=0, callbacks=[backup])
        runs.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*runs, strict=True))


# ------------------------------------------------------------------------------------------------ refusals


@lamina.saving.register_keras_serializable("texts")
def without_vowels(texts):
    return np.char.translate(texts, str.maketrans("", "", "aeiou"))


def test_functions_go_into_a_file_by_name_only(tmp_path):
    def own_split(texts):
        return [text.split("-") for text in texts]

    vectorize = layers.TextVectorization(standardize=without_vowels, vocabulary=["ct", "dg"])
    model = lamina.Sequential([lamina.Input((), dtype="string"), vectorize])
    model.save(tmp_path / "m.lamina")
    assert lamina.load_model(tmp_path / "m.lamina").predict(["cat dog"], verbose=0).tolist() == [[2, 3]]
    mine = layers.TextVectorization(standardize=None, split=own_split, vocabulary=["a", "b"])
    assert mine(["a-b", "c"]).tolist() == [[2, 3], [1, 0]]
    model = lamina.Sequential([lamina.Input((), dtype="string"), mine])
    with pytest.raises(FileFormatError, match="split=own_split has no registered name"):
        model.save(tmp_path / "n.lamina")
    with pytest.raises(FileFormatError, match="standardize=<lambda> has no registered name"):
        lamina.Sequential([layers.TextVectorization(standardize=lambda t: t, vocabulary=["a"])]).save(tmp_path / "n")


def test_a_file_opens_no_vocabulary_of_its_own(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("ein\nzwei\n", encoding="utf-8")
    layer = layers.StringLookup(vocabulary=str(words))
    assert layer.get_vocabulary() == ["[UNK]", "ein", "zwei"]
    model = lamina.Sequential([lamina.Input((1,), dtype="string"), layer])
    model.save(tmp_path / "m.lamina")
    with zipfile.ZipFile(tmp_path / "m.lamina") as archive:
        text = archive.read("model.json").decode()
    assert "words.txt" not in text
    found = json.loads(text)["model"]["config"]["layers"][1]["config"]
    assert found["vocabulary"] == ["[UNK]", "ein", "zwei"]
    with pytest.raises(ArgumentError, match="no file"):
        layers.StringLookup.from_config({**layer.get_config(), "vocabulary": str(words)})


def test_many_texts_are_split_piece_by_piece():
    texts = [f"a{i} b{i % 7} b{i % 7}" for i in range(1000)]
    layer = layers.TextVectorization(output_mode="count")
    layer.adapt(texts)
    assert layer.vocabulary_size() == 1 + 1000 + 7
    counts = layer(texts)
    assert counts.sum(1).tolist() == [3] * 1000
    assert counts.sum(0)[1:8].tolist() == sorted((2 * len(range(k, 1000, 7)) for k in range(7)), reverse=True)
    rows = layers.TextVectorization(vocabulary=["b1"], split=None, standardize="lower")([["B1", "x"]] * 700)
    assert rows.tolist() == [[2, 1]] * 700


def test_text_goes_only_to_layers_that_read():
    x = lamina.Input((1,), dtype="string", name="review")
    numbers = lamina.Input((1,), dtype="int32", name="ids")
    hashed = layers.Hashing(3, name="bins")(numbers)
    with pytest.raises(ArgumentError, match="'ids' is read on the host, so"):
        lamina.Model(numbers, layers.Add()([hashed, numbers]))
    with pytest.raises(ArgumentError, match="right after an Input"):
        lamina.Model(numbers, layers.Hashing(3)(numbers + 1))
    with pytest.raises(ArgumentError, match="output is an input that is text"):
        lamina.Model(x, x)
    with pytest.raises(DtypeError, match="gives text"):
        layers.StringLookup(vocabulary=["a"], invert=True)(numbers)


def test_data_that_are_no_text_are_refused():
    model = classifier()
    with pytest.raises(DataError, match="nothing"):
        model.predict(np.array([["a"], [float("nan")]], object), verbose=0)
    with pytest.raises(DataError, match="half of a surrogate"):
        model.predict(["a\ud800"], verbose=0)
    with pytest.raises(DataError, match="empty"):
        model.predict([], verbose=0)
    with pytest.raises(DataError, match="differ in length"):
        model.fit(TEXTS, LABELS[:3], verbose=0)
    other = mixed_model()
    with pytest.raises(DataError, match="has 3 inputs"):
        other.predict(TEXTS, verbose=0)
    with pytest.raises(ArgumentError, match="no input is called 'tag'"):
        other.predict({"title": TEXTS}, verbose=0)
