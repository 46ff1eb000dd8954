"""Record the functions of arrays that NumPy has names for: pieces, windows, what leaves NaN out, alikeness."""

import numpy as np
import record_ops
from record_ops import op
from recording import Recorder, rng_for

record_ops.record = Recorder("array_ops")  # `op` adds its cases here
RNG = rng_for("array_ops")


def F(values) -> np.ndarray:
    return np.array(values, np.float32)


def noise(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def holes(*shape: int) -> np.ndarray:
    """Noise with NaN here and there, and one row of nothing else."""
    x = noise(*shape)
    x[RNG.random(shape) < 0.3] = np.nan
    x[0] = np.nan
    x[1, 0] = 0.5
    return x


def leaving_nan_out() -> None:
    for name in ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin"):
        op(name, name, holes(3, 4), grad=False)
        rows = slice(1, None) if name in ("nanmean", "nanvar", "nanstd") else slice(None)
        op(f"{name}_axis", name, holes(3, 4)[rows], axis=1, grad=False)
        op(f"{name}_kept", name, holes(3, 4), axis=0, keepdims=True, grad=False)
    for name in ("nanargmax", "nanargmin"):
        op(name, name, holes(3, 4)[1:], grad=False)
        op(f"{name}_axis", name, holes(3, 4), axis=1, grad=False)
    for name in ("nancumsum", "nancumprod"):
        op(name, name, holes(3, 4), grad=False)
        op(f"{name}_axis", name, holes(3, 4), axis=1, grad=False)


def pieces() -> None:
    x, cube = noise(5, 4), noise(2, 3, 4)
    op("append", "append", x, noise(2, 3))
    op("append_axis", "append", x, noise(2, 4), axis=0)
    op("array_split", "array_split", x, 3)
    op("array_split_axis", "array_split", x, 3, axis=1)
    op("vsplit", "vsplit", noise(4, 3), 2)
    op("hsplit", "hsplit", x, 2)
    op("hsplit_vector", "hsplit", noise(6), 3)
    op("dsplit", "dsplit", cube, 2)
    op("dstack", "dstack", [noise(3), noise(3)])
    op("dstack_matrices", "dstack", [noise(3, 2), noise(3, 2)])
    op("dstack_cubes", "dstack", [noise(3, 2, 1), noise(3, 2, 4)])
    op("flipud", "flipud", x)
    op("fliplr", "fliplr", x)
    for k in (-1, 0, 1, 2, 3):
        op(f"rot90_{k}", "rot90", x, k=k)
    op("rot90_axes", "rot90", cube, axes=(2, 1))
    op("diagflat", "diagflat", noise(2, 2))
    op("diagflat_above", "diagflat", noise(3), k=1)
    op("kron", "kron", noise(2, 3), noise(3, 2))
    op("kron_ranks", "kron", noise(2), noise(3, 2))
    op("extract_sequences", "extract_sequences", noise(2, 9), 4, 2)
    image = noise(2, 3, 5, 6)
    op("unfold", "unfold", image, 2)
    op("unfold_all", "unfold", image, (3, 2), dilation=(1, 2), padding=(1, 0), stride=(2, 1))
    op("depth_to_space", "depth_to_space", noise(2, 2, 3, 8), 2, data_format="channels_last")
    op("depth_to_space_first", "depth_to_space", noise(2, 8, 2, 3), 2, data_format="channels_first")
    op("space_to_depth", "space_to_depth", noise(2, 4, 6, 3), 2, data_format="channels_last")
    op("space_to_depth_first", "space_to_depth", noise(2, 3, 4, 6), 2, data_format="channels_first")


def elements() -> None:
    x, y = noise(3, 4), noise(3, 4)
    for name in ("fabs", "erfc", "ptp"):
        op(name, name, x)
    op("ptp_axis", "ptp", x, axis=1, keepdims=True)
    op("fmax", "fmax", F([1, np.nan, 3, np.nan]), F([2, 2, np.nan, np.nan]), grad=False)
    op("fmin", "fmin", F([1, np.nan, 3, np.nan]), F([2, 2, np.nan, np.nan]), grad=False)
    op("logaddexp2", "logaddexp2", x, y)
    op("ldexp", "ldexp", x, np.array([0, 1, -2, 5], np.int32), grad=False)
    op("allclose", "allclose", x, x + np.float32(1e-7), grad=False)
    op("allclose_not", "allclose", x, y, grad=False)
    op("isin", "isin", np.array([[1, 5], [2, 7]], np.int32), np.array([2, 1, 9], np.int32), grad=False)
    op("isin_invert", "isin", np.array([1, 5], np.int32), np.array([1], np.int32), invert=True, grad=False)
    op("percentile", "percentile", noise(5, 4), 30.0)
    op("percentile_axis", "percentile", noise(5, 4), 75.0, axis=0, keepdims=True)
    op("empty_like", "empty_like", x * 0, grad=False)
    op("logspace", "logspace", 0, 2, num=5, grad=False)
    op("logspace_base", "logspace", -1, 3, num=4, endpoint=False, base=2, grad=False)
    op("geomspace", "geomspace", 1, 1000, num=4, grad=False)
    op("geomspace_below", "geomspace", -1, -16, num=4, endpoint=False, grad=False)
    op("tri", "tri", 3, grad=False)
    op("tri_wide", "tri", 3, 5, k=1, grad=False)
    op("vander", "vander", noise(3))
    op("vander_rising", "vander", noise(3), N=2, increasing=True)
    for name in ("hanning", "hamming", "blackman", "bartlett"):
        op(name, name, 7, grad=False)
        op(f"{name}_even", name, 4, grad=False)


def alikeness() -> None:
    for mode in ("valid", "same", "full"):
        for n, m in ((6, 3), (6, 4), (3, 5), (4, 4)):
            op(f"correlate_{mode}_{n}_{m}", "correlate", noise(n), noise(m), mode=mode)
    op("corrcoef", "corrcoef", noise(3, 6))
    op("cdist", "cdist", noise(3, 4), noise(5, 4))
    op("psnr", "psnr", noise(2, 3), noise(2, 3), 1.0)
    op("trapezoid", "trapezoid", noise(3, 5))
    op("trapezoid_axis", "trapezoid", noise(3, 5), dx=0.5, axis=0)
    op("trapezoid_places", "trapezoid", noise(3, 5), F([0, 1, 1.5, 3, 7]))
    query, key, value = noise(2, 3, 4, 5), noise(2, 6, 4, 5), noise(2, 6, 4, 5)
    op("dot_product_attention", "dot_product_attention", query, key, value)
    op("dot_product_attention_scale", "dot_product_attention", query, key, value, scale=0.3)
    op("dot_product_attention_causal", "dot_product_attention", query, key[:, :3], value[:, :3], is_causal=True)
    op("dot_product_attention_bias", "dot_product_attention", query, key, value, noise(2, 4, 3, 6))
    op("dot_product_attention_groups", "dot_product_attention", query, key[:, :, :2], value[:, :, :2])


if __name__ == "__main__":
    leaving_nan_out()
    pieces()
    elements()
    alikeness()
    record_ops.record.save()
