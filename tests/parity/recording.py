"""What the recording scripts share: one file of cases and its arrays.

The scripts take `keras` from here, so that the environment below is set before it is imported.

This module and the `record_*.py` scripts beside it run under Keras (on JAX) or PyTorch, never under Lamina.
`README.md` says how to run them and what the cases look like.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")  # one thread: the same sums every time

import keras
import numpy as np
from cases import build

__all__ = ["LayerRecorder", "Recorder", "build", "gradients", "is_float", "keras", "rng_for"]

GOLDEN = Path(__file__).parent / "golden"


def rng_for(case_id: str) -> np.random.Generator:
    """A generator of this case's own, so that a new case leaves the numbers of the others as they are."""
    return np.random.default_rng(zlib.crc32(case_id.encode()))


def versions() -> dict[str, str]:
    """The versions of everything whose arithmetic the recorded values depend on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in ("keras", "jax", "jaxlib", "torch", "numpy"):
        try:
            found[package] = version(package).partition("+")[0]
        except PackageNotFoundError:
            continue
    return found


class Recorder:
    """Collects the cases of one golden file, and writes `<stem>.json` and `<stem>.npz`."""

    def __init__(self, stem: str, double: bool = False) -> None:
        self.stem = stem
        self.double = double
        self.cases: list[dict[str, Any]] = []
        self.arrays: dict[str, np.ndarray] = {}
        self._same: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._counts: dict[str, int] = {}

    def array(self, name: str, value: Any) -> str:
        """Keep an array, and return the name it is kept under: an equal array is kept once.

        The name given begins with the id of the case. It is kept in few letters: names were a third of the files.
        """
        kept = np.array(value)
        if kept.dtype == np.float64 and not self.double:
            kept = kept.astype(np.float32)
        elif kept.dtype == np.int64:
            kept = kept.astype(np.int32)
        key = (kept.dtype.str, kept.shape, kept.tobytes())
        if key not in self._same:
            owner = name.partition("/")[0]
            self._counts[owner] = self._counts.get(owner, 0) + 1
            short = f"{zlib.crc32(owner.encode()):08x}/{self._counts[owner]}"
            assert short not in self.arrays, name
            self.arrays[short] = kept
            self._same[key] = short
        return self._same[key]

    def names(self, prefix: str, values: Any) -> Any:
        """Replace every array in a nest of lists and dicts by its name; None and plain values stay."""
        if isinstance(values, dict):
            return {key: self.names(f"{prefix}/{key}", value) for key, value in values.items()}
        if isinstance(values, list):
            return [self.names(f"{prefix}{index}", value) for index, value in enumerate(values)]
        if hasattr(values, "dtype"):
            return self.array(prefix, values)
        return values

    def add(self, case: dict[str, Any]) -> None:
        """Add a case; its arrays must be names by now."""
        assert all(case["id"] != other["id"] for other in self.cases), case["id"]
        self.cases.append(case)

    def save(self) -> None:
        """Write both files: one case a line, so that a difference between two recordings can be read."""
        GOLDEN.mkdir(exist_ok=True)
        np.savez_compressed(GOLDEN / f"{self.stem}.npz", **self.arrays)
        lines = ",\n".join(json.dumps(case, allow_nan=False) for case in self.cases)
        text = f'{{"versions": {json.dumps(versions())},\n"cases": [\n{lines}\n]}}\n'
        (GOLDEN / f"{self.stem}.json").write_text(text, encoding="utf-8")
        size = sum((GOLDEN / f"{self.stem}{end}").stat().st_size for end in (".npz", ".json"))
        print(f"{self.stem}: {len(self.cases)} cases, {len(self.arrays)} arrays, {size / 1024:.0f} KiB")


def is_float(value: Any) -> bool:
    """Whether a gradient can flow into the value."""
    return np.issubdtype(np.asarray(value).dtype, np.floating)


def gradients(function: Any, arguments: list[Any], rng: np.random.Generator) -> tuple[list, list, list]:
    """Call a function of arrays; return outputs, output gradients and gradients of the arguments.

    The gradients are those of sum(output * output_grad) over all float outputs, with a drawn output_grad.
    Arguments and outputs that are no floats have the gradient None.
    """
    import jax

    places = [index for index, value in enumerate(arguments) if is_float(value)]

    def of_floats(floats: list[Any]) -> list[Any]:
        full = [jax.numpy.asarray(value) for value in arguments]  # Keras takes other paths for NumPy
        for index, value in zip(places, floats, strict=True):
            full[index] = value
        result = function(*full)
        return list(result) if isinstance(result, (tuple, list)) else [result]

    outputs = [np.asarray(value) for value in of_floats([jax.numpy.asarray(arguments[index]) for index in places])]
    grads = [rng.normal(size=o.shape).astype(np.float32) if is_float(o) else None for o in outputs]

    def scalar(floats: list[Any]) -> Any:
        pairs = zip(of_floats(floats), grads, strict=True)
        return sum((out * grad).sum() for out, grad in pairs if grad is not None)

    backward: list[Any] = [None] * len(arguments)
    if places and any(grad is not None for grad in grads):
        for index, grad in zip(places, jax.grad(scalar)([arguments[i] for i in places]), strict=True):
            backward[index] = np.asarray(grad)
    return outputs, grads, backward


class LayerRecorder(Recorder):
    """A recorder of layers: call it with an id, a class, a config and the inputs."""

    def __call__(
        self,
        case_id: str,
        class_name: str,
        config: dict[str, Any],
        *inputs: Any,
        how: str = "one",
        call: dict[str, Any] | None = None,
        tags: tuple[str, ...] = (),
    ) -> None:
        """Record one layer. An input is an array, or a shape for normal noise; so is the `initial_state` in `call`.

        `how` says how the layer takes the inputs: "one" `layer(x)`, "list" `layer([a, b])`, "args" `layer(a, b)`.
        """
        keras.utils.clear_session()  # or the names of weights get numbers
        rng = rng_for(case_id)
        given = [_noise(value, rng) for value in inputs]
        extra = {key: _noise(value, rng) for key, value in (call or {}).items()}
        state = list(extra.pop("initial_state", []))
        layer = build({"class": class_name, "config": config}, keras.layers)

        def shaped(values: list[Any]) -> list[Any]:
            return [list(values)] if how == "list" else values

        def keywords(values: list[Any]) -> dict[str, Any]:
            return {**extra, "initial_state": list(values)} if state else extra

        layer(*shaped(given), **keywords(state))
        for weight in layer.weights:
            weight.assign(_weight(weight, rng))
        trained = [weight.trainable for weight in layer.weights]
        before = [np.array(weight.value) for weight in layer.weights]
        beside = [variable.value for variable in layer.non_trainable_variables]

        def forward(*values: Any, new_state: list[Any] | None = None) -> Any:
            xs, values = list(values[: len(given)]), values[len(given) :]
            ss, ws = list(values[: len(state)]), list(values[len(state) :])
            outputs, after = layer.stateless_call(ws, beside, *shaped(xs), **keywords(ss))
            if new_state is not None:
                new_state.extend(after)
            return outputs

        weights = [value for value, train in zip(before, trained, strict=True) if train]
        outputs, output_grads, grads = gradients(forward, [*given, *state, *weights], rng)
        weight_grads = iter(grads[len(given) + len(state) :])
        case: dict[str, Any] = {
            "class": class_name,
            "config": config,
            "how": how,
            "inputs": given,
            "call": keywords(state),
            "weight_names": [weight.path.partition("/")[2] for weight in layer.weights],
            "trainable": trained,
            "weights": before,
            "outputs": outputs,
            "output_grads": output_grads,
            "input_grads": grads[: len(given)],
            "weight_grads": [next(weight_grads) if train else None for train in trained],
        }
        if state:
            case["state_grads"] = grads[len(given) : len(given) + len(state)]
        if extra.get("training") and not all(trained):
            new_state: list[Any] = []
            forward(*given, *state, *weights, new_state=new_state)
            fresh = {id(v): np.array(n) for v, n in zip(layer.non_trainable_variables, new_state, strict=True)}
            case["weights_after"] = [fresh.get(id(w), b) for w, b in zip(layer.weights, before, strict=True)]
        if layer.__class__.__name__ in ("Masking", "Embedding") and len(given) == 1:
            mask = layer.compute_mask(given[0])
            case["output_mask"] = None if mask is None else np.asarray(mask)
        if tags:
            case["tags"] = list(tags)
        self.add({"id": case_id, **self.names(case_id, case)})


def _noise(value: Any, rng: np.random.Generator) -> Any:
    """Draw normal noise for a shape (a tuple of ints), at any depth of lists; everything else stays."""
    if isinstance(value, list):
        return [_noise(item, rng) for item in value]
    return rng.normal(size=value).astype(np.float32) if isinstance(value, tuple) else value


def _weight(weight: Any, rng: np.random.Generator) -> np.ndarray:
    """Draw a weight: scales and variances are positive, everything else is centred."""
    if any(word in weight.path for word in ("gamma", "scale", "variance")):
        return rng.uniform(0.5, 1.5, size=weight.shape).astype(np.float32)
    return (0.5 * rng.normal(size=weight.shape)).astype(np.float32)
