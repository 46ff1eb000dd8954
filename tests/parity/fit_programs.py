"""Small trainings that Keras and Lamina both run, word for word: each takes the framework, which may be either of them.

A program gives the model, the arguments of ``compile``, x, y and the other arguments of ``fit``.
"""

import numpy as np

RANDOM = np.random.default_rng(17)
X = RANDOM.normal(size=(22, 4)).astype("float32")
TARGET = RANDOM.normal(size=(22, 2)).astype("float32")
LABELS = RANDOM.integers(0, 3, 22).astype("int32")
BITS = RANDOM.integers(0, 2, (22, 1)).astype("float32")
WEIGHTS = RANDOM.uniform(0, 2, 22).astype("float32")
TOKENS = RANDOM.integers(1, 6, (12, 5)).astype("int32")
TOKENS[np.arange(5) >= RANDOM.integers(2, 6, (12, 1))] = 0
TAGS = RANDOM.integers(0, 3, (12, 5)).astype("int32")
IMAGES = RANDOM.normal(size=(10, 6, 6, 1)).astype("float32")


def dense(k, *more, units=3, activation="softmax", **told):
    return k.Sequential(
        [
            k.Input((4,)),
            k.layers.Dense(6, activation="tanh", **told),
            *more,
            k.layers.Dense(units, activation=activation),
        ]
    )


def regression(k):
    told = {"optimizer": k.optimizers.SGD(0.1, momentum=0.9), "loss": "mse", "metrics": ["mae"]}
    return dense(k, units=2, activation=None), told, X, TARGET, {"batch_size": 5, "epochs": 3, "validation_split": 0.25}


def classes(k):
    told = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    return dense(k), told, X, LABELS, {"batch_size": 8, "epochs": 3, "validation_data": (X[:9], LABELS[:9])}


def one_hot(k):
    loss = k.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    told = {"optimizer": k.optimizers.RMSprop(0.01), "loss": loss, "metrics": ["accuracy", "categorical_crossentropy"]}
    return dense(k, activation=None), told, X, np.eye(3, dtype="float32")[LABELS], {"batch_size": 6, "epochs": 2}


def binary_with_class_weights(k):
    told = {"optimizer": "adagrad", "loss": "binary_crossentropy", "metrics": ["accuracy"], "weighted_metrics": ["mse"]}
    model = dense(k, units=1, activation="sigmoid")
    return model, told, X, BITS, {"batch_size": 6, "epochs": 2, "class_weight": {0: 0.4, 1: 2.5}}


def sample_weights(k):
    told = {"optimizer": "nadam", "loss": "huber", "metrics": ["mse"], "weighted_metrics": ["mae"]}
    validation = (X[:7], TARGET[:7], WEIGHTS[:7])
    model = dense(k, units=2, activation=None)
    return (
        model,
        told,
        X,
        TARGET,
        {"batch_size": 6, "epochs": 2, "sample_weight": WEIGHTS, "validation_data": validation},
    )


def regularized(k):
    model = dense(
        k,
        k.layers.BatchNormalization(momentum=0.7),
        units=2,
        activation=None,
        kernel_regularizer=k.regularizers.L1L2(1e-3, 1e-2),
        bias_constraint=k.constraints.NonNeg(),
        activity_regularizer=k.regularizers.L2(1e-2),
    )
    told = {"optimizer": k.optimizers.AdamW(0.01, weight_decay=0.1, clipnorm=0.5), "loss": "mse"}
    return model, told, X, TARGET, {"batch_size": 8, "epochs": 3, "validation_split": 0.3}


def two_outputs(k):
    a, b = k.Input((4,), name="a"), k.Input((2,), name="b")
    h = k.layers.Concatenate()([k.layers.Dense(5, activation="relu")(a), k.layers.Dense(3, activation="sigmoid")(b)])
    outputs = [k.layers.Dense(2, name="size")(h), k.layers.Dense(3, activation="softmax", name="kind")(h)]
    told = {
        "optimizer": k.optimizers.SGD(0.1, nesterov=True, momentum=0.5),
        "loss": {"size": "mse", "kind": "sparse_categorical_crossentropy"},
        "loss_weights": {"size": 0.5, "kind": 2.0},
        "metrics": {"size": ["mae"], "kind": ["accuracy"]},
    }
    y = {"size": TARGET, "kind": LABELS}
    return k.Model([a, b], outputs), told, {"a": X, "b": TARGET}, y, {"batch_size": 8, "epochs": 2}


def masked_sequence(k):
    model = k.Sequential(
        [
            k.Input((5,), dtype="int32"),
            k.layers.Embedding(6, 4, mask_zero=True),
            k.layers.LSTM(5, return_sequences=True),
            k.layers.Dense(3, activation="softmax"),
        ]
    )
    told = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy"}
    return model, told, TOKENS, TAGS, {"batch_size": 5, "epochs": 2}


def images(k):
    model = k.Sequential(
        [
            k.Input((6, 6, 1)),
            k.layers.Conv2D(3, 3, activation="relu", padding="same"),
            k.layers.MaxPooling2D(),
            k.layers.Flatten(),
            k.layers.Dense(3),
        ]
    )
    told = {
        "optimizer": k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
        "loss": k.losses.SparseCategoricalCrossentropy(from_logits=True),
        "metrics": ["accuracy"],
    }
    return model, told, IMAGES, LABELS[:10], {"batch_size": 4, "epochs": 3}


PROGRAMS = {
    f.__name__: f
    for f in (
        regression,
        classes,
        one_hot,
        binary_with_class_weights,
        sample_weights,
        regularized,
        two_outputs,
        masked_sequence,
        images,
    )
}
