"""Data to start with. ``load_data()`` of each module gives ``((x_train, y_train), (x_test, y_test))``, as in Keras."""

from . import digits, fashion_mnist, imdb, mnist, reuters

__all__ = ["digits", "fashion_mnist", "imdb", "mnist", "reuters"]
