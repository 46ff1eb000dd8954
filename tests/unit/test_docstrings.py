"""Every example in a docstring runs, and gives what it says."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import lamina
import lamina.cli
from lamina.layers import reset_names

SKIPPED = {"lamina.cli.__main__", "lamina._native"}
MODULES = [m.name for m in pkgutil.walk_packages(lamina.__path__, "lamina.") if m.name not in SKIPPED]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    module = importlib.import_module(name)
    said: list[str] = []
    names = {**vars(module), "lamina": lamina, "np": np}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, globs=names):
        test.globs["__name__"] = "__main__"  # classes of an example are a user's, not registered as ours
        reset_names()
        lamina.random.set_seed(0)
        doctest.DocTestRunner(verbose=False, optionflags=FLAGS).run(test, out=said.append)
    assert not said, "".join(said)
