"""Fixtures of the engine's tests: every instruction set this machine runs, and the number of threads left as it was."""

import pytest

from lamina import _native


@pytest.fixture(params=_native.isas())
def isa(request):
    return request.param


@pytest.fixture(autouse=True)
def threads():
    before = _native.get_num_threads()
    yield
    _native.set_num_threads(before)
