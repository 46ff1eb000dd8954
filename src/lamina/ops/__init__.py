"""The operations, under Keras's names: on arrays they compute at once, on symbolic values they build the graph.

This file is the face. The ops themselves stand in the files of this folder, one family a file; ops told in terms of
other ops stand in ``lamina.composites``. To add one, write its class in the file of its family.
"""

from . import operators as _operators
from .broadcast import expand, sum_
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
from .elementwise import add, cast
from .elementwise import div as divide
from .elementwise import mul as multiply
from .elementwise import neg as negative
from .elementwise import sub as subtract
from .functions import (
    all,
    any,
    argmax,
    argmin,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    full,
    get_item,
    matmul,
    max,
    mean,
    min,
    one_hot,
    ones_like,
    pad,
    prod,
    reshape,
    split,
    squeeze,
    stack,
    std,
    sum,
    take,
    transpose,
    unstack,
    var,
    where,
    zeros_like,
)
from .piecewise import abs_ as abs
from .piecewise import abs_ as absolute
from .piecewise import maximum, minimum, relu, sign
from .piecewise import pow_ as power
from .scan import scan
from .sliding import average_pool, conv, conv_transpose, depthwise_conv, max_pool, separable_conv
from .transcendental import (
    ceil,
    cos,
    erf,
    exp,
    expm1,
    floor,
    log,
    log1p,
    sigmoid,
    sin,
    sqrt,
    square,
    stop_gradient,
    tanh,
)
from .transcendental import round_ as round

from ..composites.activations import (  # isort: skip  (composites build on the ops above)
    celu, crelu, elu, gelu, glu, hard_shrink, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, log_sigmoid, mish, relu6, selu, silu, soft_shrink,
    softsign, sparse_plus, sparse_sigmoid, squareplus, step, tanh_shrink, threshold,
)
from ..composites.softmax import log_softmax, logsumexp, softmax  # isort: skip  (composites build on the ops above)
from ..composites.unit_norm import normalize  # isort: skip

true_divide, convert_to_tensor = divide, cast
swish, hard_swish = silu, hard_silu

__all__ = [name for name in dir() if not name.startswith("_")]
