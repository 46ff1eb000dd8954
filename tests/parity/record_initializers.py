"""Record the initializers of Keras 3: exact values where there is no chance in them, else moments and bounds."""

import math
from typing import Any

import numpy as np
from recording import Recorder, build, keras

record = Recorder("initializers")

BIG: list[list[int]] = [[300, 200], [3, 3, 40, 60], [5000]]
# Standard deviation of a standard normal cut at two: Keras divides by it, but not in TruncatedNormal.
CUT = 0.87962566103423978

FANS = {"Glorot": (1.0, "fan_avg"), "He": (2.0, "fan_in"), "Lecun": (1.0, "fan_in")}
VARIANCE: list[dict[str, Any]] = [
    {},
    {"scale": 2.0, "mode": "fan_out"},
    {"scale": 0.5, "mode": "fan_avg", "distribution": "uniform"},
    {"scale": 1.0, "mode": "fan_in", "distribution": "untruncated_normal"},
    {"mode": "fan_avg", "distribution": "truncated_normal"},
]
RANDOM: list[tuple[str, dict[str, Any]]] = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 1.5, "stddev": 0.3}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": -2.0, "maxval": 0.5}),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 0.5}),
]


def fans(shape: list[int]) -> tuple[int, int]:
    """What Keras takes for fan in and fan out: a vector counts as both, kernels multiply by their receptive field."""
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def scaled(shape: list[int], scale: float, mode: str, distribution: str) -> dict[str, float | None]:
    """The exact moments of VarianceScaling."""
    fan_in, fan_out = fans(shape)
    variance = scale / max(1.0, {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode])
    std = math.sqrt(variance)
    bound = {"uniform": math.sqrt(3) * std, "truncated_normal": 2 * std / CUT, "untruncated_normal": None}[distribution]
    return {"mean": 0.0, "std": std, "low": None if bound is None else -bound, "high": bound}


def plain(class_name: str, config: dict[str, Any]) -> dict[str, float | None]:
    """The exact moments of the initializers that do not look at the shape."""
    if class_name == "RandomUniform":
        low, high = config.get("minval", -0.05), config.get("maxval", 0.05)
        return {"mean": (low + high) / 2, "std": (high - low) / math.sqrt(12), "low": low, "high": high}
    mean, std = config.get("mean", 0.0), config.get("stddev", 0.05)
    if class_name == "RandomNormal":
        return {"mean": mean, "std": std, "low": None, "high": None}
    return {"mean": mean, "std": std * CUT, "low": mean - 2 * std, "high": mean + 2 * std}


def random(class_name: str, config: dict[str, Any], shape: list[int], exact: dict[str, float | None]) -> None:
    """Record exact moments beside the ones of a sample that Keras drew; they must be near each other."""
    drawn = sample(class_name, config, shape)
    measured = {"mean": drawn.mean(), "std": drawn.std(), "low": drawn.min(), "high": drawn.max()}
    count = math.prod(shape)
    assert abs(measured["mean"] - exact["mean"]) < 5 * exact["std"] / math.sqrt(count), (class_name, config, shape)
    assert abs(measured["std"] / exact["std"] - 1) < 5 / math.sqrt(count), (class_name, config, shape)
    assert exact["low"] is None or (
        exact["low"] * (1 + 1e-6) - 1e-6 <= drawn.min() and drawn.max() <= exact["high"] + 1e-6
    )
    words = [str(value) for value in config.values()]
    case_id = "_".join([class_name.lower(), *words, "x".join(map(str, shape))])
    record.add(
        {
            "id": case_id,
            "class": class_name,
            "config": config,
            "shape": shape,
            **{key: value if value is None else float(f"{value:.9g}") for key, value in exact.items()},
            "measured": {key: float(f"{value:.6g}") for key, value in measured.items()},
        }
    )


def sample(class_name: str, config: dict[str, Any], shape: list[int]) -> np.ndarray:
    """Draw from Keras with a fixed seed."""
    made = build({"class": class_name, "config": {**config, "seed": 7}}, keras.initializers)
    return np.asarray(made(tuple(shape)), np.float64)


def exact_values() -> None:
    """Zeros, ones, constants, identities."""
    exact: list[tuple[str, dict[str, Any], list[int]]] = [
        ("Zeros", {}, [2, 3]),
        ("Zeros", {}, []),
        ("Ones", {}, [3]),
        ("Ones", {}, [2, 1, 2]),
        ("Constant", {}, [2]),
        ("Constant", {"value": 1.5}, [2, 2]),
        ("Identity", {}, [3, 3]),
        ("Identity", {"gain": 0.5}, [2, 4]),
        ("Identity", {}, [4, 2]),
    ]
    for index, (class_name, config, shape) in enumerate(exact):
        value = np.asarray(build({"class": class_name, "config": config}, keras.initializers)(tuple(shape)))
        case = {"class": class_name, "config": config, "shape": shape, "value": value}
        case_id = f"{class_name.lower()}_{index}"
        record.add({"id": case_id, **record.names(case_id, case)})


def orthogonal() -> None:
    """Matrices whose rows or columns are orthogonal; kernels are flattened to (everything, out)."""
    for shape in ([6, 4], [4, 6], [5, 5], [3, 3, 2, 8]):
        for gain in (1.0, 0.5):
            flat = sample("Orthogonal", {"gain": gain}, shape).reshape(-1, shape[-1])
            gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
            assert np.allclose(gram, gain**2 * np.eye(len(gram)), atol=1e-5)
            case_id = f"orthogonal_{gain}_{'x'.join(map(str, shape))}"
            record.add(
                {
                    "id": case_id,
                    "class": "Orthogonal",
                    "config": {"gain": gain},
                    "shape": shape,
                    "orthogonal": True,
                    "gain": gain,
                }
            )


if __name__ == "__main__":
    exact_values()
    for shape in BIG:
        for name, (scale, mode) in FANS.items():
            random(f"{name}Uniform", {}, shape, scaled(shape, scale, mode, "uniform"))
            random(f"{name}Normal", {}, shape, scaled(shape, scale, mode, "truncated_normal"))
        for config in VARIANCE:
            full = {"scale": 1.0, "mode": "fan_in", "distribution": "truncated_normal", **config}
            random("VarianceScaling", config, shape, scaled(shape, **full))
        for class_name, config in RANDOM:
            random(class_name, config, shape, plain(class_name, config))
    orthogonal()
    record.save()
