"""The operations, under Keras's names: on arrays they compute at once, on symbolic values they build the graph.

This file is the face. The ops themselves stand in the files of this folder, one family a file; ops told in terms of
other ops stand in ``lamina.composites``. To add one, write its class in the file of its family.
"""

from inspect import ismodule as _ismodule

from . import operators as _operators  # (gives symbolic values their operators)
from .arithmetic import (
    cbrt,
    clip,
    cumsum,
    deg2rad,
    divide_no_nan,
    exp2,
    floor_divide,
    fmod,
    hypot,
    isclose,
    isinf,
    isneginf,
    isposinf,
    log2,
    log10,
    logaddexp,
    logical_xor,
    mod,
    nan_to_num,
    rad2deg,
    round,
    signbit,
    sinc,
)
from .arrange import (
    broadcast_to,
    concatenate,
    diff,
    expand_dims,
    flip,
    hstack,
    moveaxis,
    pad,
    ravel,
    repeat,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    swapaxes,
    tile,
    transpose,
    unstack,
    vstack,
)
from .compare import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
)
from .compare import is_finite as isfinite
from .compare import is_nan as isnan
from .control import cond, fori_loop, switch, while_loop
from .control import each as map
from .conversion import (
    convert_to_numpy,
    convert_to_tensor,
    copy,
    dtype,
    is_tensor,
    ndim,
    saturate_cast,
    shape,
    size,
)
from .creation import (
    arange,
    diag,
    eye,
    full,
    full_like,
    identity,
    linspace,
    meshgrid,
    ones,
    ones_like,
    tril,
    triu,
    zeros,
    zeros_like,
)
from .elementwise import add, cast
from .elementwise import div as divide
from .elementwise import mul as multiply
from .elementwise import neg as negative
from .elementwise import sub as subtract
from .indexing import (
    bincount,
    get_item,
    multi_hot,
    nonzero,
    one_hot,
    scatter,
    scatter_update,
    segment_max,
    segment_sum,
    slice,
    slice_update,
    take,
    take_along_axis,
    unique,
    unravel_index,
    where,
)
from .indexing import select_among as select
from .piecewise import abs_ as abs
from .piecewise import maximum, minimum, relu, sign
from .piecewise import pow_ as power
from .products import cross, diagonal, dot, einsum, inner, matmul, outer, tensordot, trace, vdot
from .reductions import (
    all,
    any,
    argmax,
    argmin,
    average,
    count_nonzero,
    in_top_k,
    max,
    mean,
    min,
    moments,
    norm,
    prod,
    std,
    sum,
    var,
)
from .scan import scan
from .sliding import average_pool, conv, conv_transpose, depthwise_conv, max_pool, separable_conv
from .sort import argsort, digitize, median, quantile, searchsorted, sort, top_k
from .transcendental import (
    ceil,
    cos,
    erf,
    erfinv,
    exp,
    expm1,
    floor,
    log,
    log1p,
    reciprocal,
    rsqrt,
    sigmoid,
    sin,
    softplus,
    sqrt,
    square,
    stop_gradient,
    tanh,
    trunc,
)
from .trigonometry import acos as arccos
from .trigonometry import acosh as arccosh
from .trigonometry import asin as arcsin
from .trigonometry import asinh as arcsinh
from .trigonometry import atan as arctan
from .trigonometry import atan2 as arctan2
from .trigonometry import atanh as arctanh
from .trigonometry import cosh, sinh, tan

# composites build on the ops above, so they come last
from ..composites.activations import (  # isort: skip
    celu,
    crelu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    mish,
    relu6,
    selu,
    silu,
    soft_shrink,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    step,
    tanh_shrink,
    threshold,
)
from ..composites.cumprod import cumprod  # isort: skip
from ..composites.entropy import (  # isort: skip
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from ..composites.normalization import batch_normalization, layer_normalization, rms_normalization  # isort: skip
from ..composites.softmax import log_softmax, logsumexp, softmax  # isort: skip
from ..composites.unit_norm import normalize  # isort: skip

absolute, true_divide, array, amax, amin = abs, divide, convert_to_tensor, max, min
swish, hard_swish = silu, hard_silu

__all__ = [name for name, value in globals().items() if not name.startswith("_") and not _ismodule(value)]
