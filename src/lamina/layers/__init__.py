"""The layers, under Keras's names; each family stands in a file of its own."""

from .activation import Activation
from .adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from .attention import AdditiveAttention, Attention
from .batch_normalization import BatchNormalization
from .bidirectional import Bidirectional
from .convolution import Conv1D, Conv2D, Conv3D, Convolution1D, Convolution2D, Convolution3D
from .convolution_depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from .convolution_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from .convolution_transpose import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution1DTranspose,
    Convolution2DTranspose,
    Convolution3DTranspose,
)
from .dense import Dense
from .discretization import Discretization
from .dropout import Dropout
from .einsum_dense import EinsumDense
from .embedding import Embedding
from .group_normalization import GroupNormalization, UnitNormalization
from .hashing import HashedCrossing, Hashing
from .image_colors import RandomBrightness, RandomContrast, RandomGrayscale
from .image_moves import RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from .image_sizes import CenterCrop, RandomCrop, Resizing
from .input_layer import Input, InputLayer
from .input_spec import InputSpec
from .lambda_layer import ActivityRegularization, Identity, Lambda
from .layer import Layer, deserialize, serialize
from .layer_normalization import LayerNormalization, RMSNormalization
from .lookup import IntegerLookup, StringLookup
from .masking import DropMask, Masking
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .multi_head_attention import GroupedQueryAttention, GroupQueryAttention, MultiHeadAttention
from .naming import reset_names
from .noise import AlphaDropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .operation import Operation
from .padding import Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from .pipeline import Pipeline
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .preprocessing import CategoryEncoding, Normalization, Rescaling
from .rectifiers import ELU, LeakyReLU, PReLU, ReLU, Softmax
from .recurrent import RNN
from .recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from .recurrent_layers import GRU, LSTM, SimpleRNN
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .reversible_embedding import ReversibleEmbedding
from .spectral_normalization import SpectralNormalization, Wrapper
from .symbol import Symbol
from .text_vectorization import TextVectorization
from .time_distributed import TimeDistributed
from .upsampling import UpSampling1D, UpSampling2D, UpSampling3D
