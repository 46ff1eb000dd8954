"""Arguments have Keras's names, order and defaults."""

import inspect
import json
from functools import reduce

import pytest
from cases import GOLDEN

import lamina

SIGNATURES = json.loads((GOLDEN / "signatures.json").read_text(encoding="utf-8"))["signatures"]
LATER = {  # what Lamina does not have
    "losses": ("Circle", "circle"),
    "optimizers": ("LossScaleOptimizer", "MultiOptimizer", "Muon", "OptimizerMap", "ScheduleFreeAdamW"),
}
MISSING = {f"{family}.{name}" for family, names in LATER.items() for name in names}


@pytest.mark.parametrize("name", [n for n in SIGNATURES if n not in MISSING])
def test_signature(name):
    ours = inspect.signature(reduce(getattr, name.split("."), lamina)).parameters.values()
    known = {argument for argument, _ in SIGNATURES[name]}  # what we add goes by keyword only
    named = [p for p in ours if p.kind == p.POSITIONAL_OR_KEYWORD or (p.kind == p.KEYWORD_ONLY and p.name in known)]
    told = [[p.name, None if p.default is p.empty else repr(p.default)] for p in named]
    assert told == SIGNATURES[name]


@pytest.mark.parametrize("name", sorted(MISSING))
def test_what_is_missing_is_listed(name):
    family, _, last = name.rpartition(".")
    assert not hasattr(reduce(getattr, family.split("."), lamina), last)
