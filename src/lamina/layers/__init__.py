"""The layers, under Keras's names; each family stands in a file of its own."""

from .activation import Activation
from .batch_normalization import BatchNormalization
from .dense import Dense
from .dropout import Dropout
from .input_layer import Input, InputLayer
from .input_spec import InputSpec
from .layer import Layer, deserialize, serialize
from .layer_normalization import LayerNormalization, RMSNormalization
from .naming import reset_names
from .operation import Operation
from .symbol import Symbol
