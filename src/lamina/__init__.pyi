"""For editors and type checkers: what ``lamina.NAME`` is. The names are those of LAZY in ``__init__.py``."""

from . import activations as activations
from . import callbacks as callbacks
from . import constraints as constraints
from . import data as data
from . import datasets as datasets
from . import errors as errors
from . import files as files
from . import initializers as initializers
from . import insight as insight
from . import keras as keras
from . import layers as layers
from . import losses as losses
from . import metrics as metrics
from . import models as models
from . import ops as ops
from . import optimizers as optimizers
from . import random as random
from . import regularizers as regularizers
from . import saving as saving
from . import utils as utils
from .backends.native import get_num_threads as get_num_threads
from .backends.native import set_num_threads as set_num_threads
from .callbacks import Callback as Callback
from .data.pictures import show as show
from .initializers import Initializer as Initializer
from .insight import explain as explain
from .insight import formula as formula
from .layers import Input as Input
from .layers import InputSpec as InputSpec
from .layers import Layer as Layer
from .losses import Loss as Loss
from .metrics import Metric as Metric
from .models import Model as Model
from .models import Sequential as Sequential
from .optimizers import Optimizer as Optimizer
from .regularizers import Regularizer as Regularizer
from .saving import load_model as load_model
from .saving import save_model as save_model
from .trace import Variable as Variable
from .trace import grad as grad
from .trace import value_and_grad as value_and_grad

LAZY: dict[str, str]
__version__: str
