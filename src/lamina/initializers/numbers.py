"""The random numbers of initial weights: the same bits for the same seed and shape on every machine.

Words come from Philox 4x32-10 as in ``ops.random``, here over whole arrays of 64-bit words and with a 1 in the fourth
word of the counter, so that no mask drawn by a layer ever uses the numbers its weights were made of. From there on
there are only additions, multiplications, divisions and square roots in float64, which IEEE 754 rounds alike
everywhere; NumPy's own logarithm and cosine differ from one processor to the next.
"""

from __future__ import annotations

import math

import numpy as np

from ..ops.random import MULTIPLIERS, WEYL

CHUNK = 1 << 14                                 # blocks of four words that stay in the cache together
LOW, SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
DOMAIN = 1                                      # fourth word of the counter: initial weights


def words(seed: int, count: int) -> np.ndarray:
    """``count`` random uint32 words for a seed of up to 64 bits.

    >>> from lamina.initializers.numbers import words
    >>> bool((words(3, 5) == words(3, 8)[:5]).all())
    True
    """
    blocks = -(-count // 4)
    out = np.empty((blocks, 4), np.uint32)
    key = (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF)
    for start in range(0, blocks, CHUNK):
        out[start: start + CHUNK] = philox(np.arange(start, min(start + CHUNK, blocks), dtype=np.uint64), key)
    return out.reshape(-1)[:count]


def philox(block: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """The four words of each block, as columns."""
    c0, c1, c2, c3 = block & LOW, block >> SHIFT, np.zeros_like(block), np.full_like(block, DOMAIN)
    k0, k1 = key
    first, second = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
    for _ in range(10):
        p0, p1 = c0 * first, c2 * second
        c0, c1, c2, c3 = (p1 >> SHIFT) ^ c1 ^ np.uint64(k0), p1 & LOW, (p0 >> SHIFT) ^ c3 ^ np.uint64(k1), p0 & LOW
        k0, k1 = (k0 + WEYL[0]) & 0xFFFFFFFF, (k1 + WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1)


def by_chunks(formula, given: np.ndarray, dtype: str) -> np.ndarray:
    """``formula`` over pieces of a vector that stay in the cache."""
    out = np.empty(given.shape, dtype)
    for start in range(0, len(given), CHUNK):
        out[start: start + CHUNK] = formula(given[start: start + CHUNK])
    return out


def uniforms(seed: int, count: int, low: float, high: float, dtype: str) -> np.ndarray:
    """Numbers spread evenly over [low, high]: the upper 24 bits of each word, scaled in float64."""
    scale = (high - low) * 2.0**-24
    return by_chunks(lambda w: np.clip((w >> np.uint32(8)) * scale + low, low, high), words(seed, count), dtype)


def normals(seed: int, count: int, mean: float, stddev: float, dtype: str, cut: float = math.inf) -> np.ndarray:
    """Normal numbers, by the inverse of the distribution function; none is further than ``cut`` deviations away."""
    below = 0.5 * math.erfc(cut / math.sqrt(2.0)) if cut < math.inf else 0.0
    below = round(below * 2.0**40) * 2.0**-40         # the last digits of erfc are the C library's own
    inside = (1.0 - 2.0 * below) * 2.0**-32

    def formula(w):
        quantiles = normal_quantile(below + (w + 0.5) * inside)
        return np.clip(quantiles, -cut, cut) * stddev + mean

    return by_chunks(formula, words(seed, count), dtype)


# Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37 (1988), PPND16:
# numerator and denominator, the highest power first, for the middle, the tails and the far tails.
MIDDLE = ((2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
           1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
          (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
           5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0))
TAIL = ((7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
         3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0),
        (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
         6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0))
FAR = ((2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
        2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0),
       (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0))


def ratio(coefficients, x: np.ndarray) -> np.ndarray:
    """A quotient of two polynomials, each by Horner's rule."""
    top, bottom = (np.full_like(x, c[0]) for c in coefficients)
    for a, b in zip(coefficients[0][1:], coefficients[1][1:], strict=True):
        top, bottom = top * x + a, bottom * x + b
    return top / bottom


def normal_quantile(p: np.ndarray) -> np.ndarray:
    """Where the standard normal distribution function takes the values ``p``, each within (0, 1); exact to 1e-15."""
    q = p - 0.5
    out = np.empty_like(q)
    middle = np.abs(q) <= 0.425
    near = q[middle]
    out[middle] = near * ratio(MIDDLE, 0.180625 - near * near)
    outer = q[~middle]
    r = np.sqrt(-logarithm(np.minimum(p[~middle], 1.0 - p[~middle])))
    tail = np.where(r <= 5.0, ratio(TAIL, r - 1.6), ratio(FAR, r - 5.0))
    out[~middle] = np.where(outer < 0, -tail, tail)
    return out


def logarithm(x: np.ndarray) -> np.ndarray:
    """The natural logarithm of positive x: ln 2 times the exponent, plus 2 artanh((m - 1) / (m + 1)), a series."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < math.sqrt(0.5)
    mantissa = np.where(small, 2.0 * mantissa, mantissa)
    z = (mantissa - 1.0) / (mantissa + 1.0)                  # within ±0.172, so that ten terms reach 1e-17
    square = z * z
    series = np.full_like(z, 1.0 / 21.0)
    for k in range(19, 0, -2):
        series = series * square + 1.0 / k
    return (exponent - small) * 0.6931471805599453 + 2.0 * z * series


def orthonormal_rows(matrix: np.ndarray) -> np.ndarray:
    """The rows made orthogonal and of length 1, one after the other, by the modified Gram-Schmidt process.

    Equal to Q of the QR decomposition whose R has a positive diagonal (Golub and Van Loan, Matrix Computations, 5.2.8).
    """
    rows = matrix.copy()
    for i in range(len(rows)):
        rows[i] /= np.sqrt(np.sum(rows[i] * rows[i]))
        rest = rows[i + 1:]
        rest -= np.sum(rest * rows[i], axis=1, keepdims=True) * rows[i]
    return rows
