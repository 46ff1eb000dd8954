"""The operations, under Keras's names: on arrays they compute at once, on symbolic values they build the graph.

This file is the face, and names no op: each file of this folder says in its ``__all__`` what it shows, and ops told in
terms of other ops stand in ``lamina.composites``. To add one, write its class in the file of its family.
"""

from inspect import ismodule as _ismodule

from . import image
from . import operators as _operators  # (gives symbolic values their operators)
from .arithmetic import *
from .arrange import *
from .compare import *
from .compare import is_finite as isfinite
from .compare import is_nan as isnan
from .control import *
from .control import each as map
from .conversion import *
from .creation import *
from .elementwise import *
from .elementwise import div as divide
from .elementwise import mul as multiply
from .elementwise import neg as negative
from .elementwise import sub as subtract
from .indexing import *
from .indexing import select_among as select
from .piecewise import *
from .piecewise import abs_ as abs
from .piecewise import pow_ as power
from .products import *
from .reductions import *
from .scan import *
from .sliding import *
from .sort import *
from .transcendental import *
from .trigonometry import *
from .trigonometry import acos as arccos
from .trigonometry import acosh as arccosh
from .trigonometry import asin as arcsin
from .trigonometry import asinh as arcsinh
from .trigonometry import atan as arctan
from .trigonometry import atan2 as arctan2
from .trigonometry import atanh as arctanh

# composites build on the ops above, so they come last
from ..composites.activations import *  # isort: skip
from ..composites.ctc import *  # isort: skip
from ..composites.ctc_decode import *  # isort: skip
from ..composites.cumprod import *  # isort: skip
from ..composites.elements import *  # isort: skip
from ..composites.entropy import *  # isort: skip
from ..composites.nan_reductions import *  # isort: skip
from ..composites.normalization import *  # isort: skip
from ..composites.softmax import *  # isort: skip
from ..composites.unit_norm import *  # isort: skip
from ..composites.pieces import *  # isort: skip
from ..composites.comparisons import *  # isort: skip

absolute, true_divide, array, amax, amin = abs, divide, convert_to_tensor, max, min
swish, hard_swish = silu, hard_silu

__all__ = [name for name, value in globals().items() if not name.startswith("_") and not _ismodule(value)]
