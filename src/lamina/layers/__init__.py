"""The layers, under Keras's names; each family stands in a file of its own, and is loaded when it is first used."""

from ..lazy import shown
from . import operation as _operation  # (gives symbols what the functions of lamina.ops make of them)

# file -> the names that it shows; `__init__.pyi` tells editors and type checkers the same
FILES = {
    "activation": "Activation",
    "adaptive_pooling": (
        "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
        "AdaptiveMaxPooling2D AdaptiveMaxPooling3D"
    ),
    "attention": "AdditiveAttention Attention",
    "batch_normalization": "BatchNormalization",
    "bidirectional": "Bidirectional",
    "convolution": "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D",
    "convolution_depthwise": (
        "DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D SeparableConvolution1D "
        "SeparableConvolution2D"
    ),
    "convolution_recurrent": "ConvLSTM1D ConvLSTM2D ConvLSTM3D",
    "convolution_transpose": (
        "Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1DTranspose Convolution2DTranspose "
        "Convolution3DTranspose"
    ),
    "dense": "Dense",
    "discretization": "Discretization",
    "dropout": "Dropout",
    "einsum_dense": "EinsumDense",
    "embedding": "Embedding",
    "group_normalization": "GroupNormalization UnitNormalization",
    "hashing": "HashedCrossing Hashing",
    "image_colors": "RandomBrightness RandomContrast RandomGrayscale",
    "image_moves": "RandomFlip RandomRotation RandomTranslation RandomZoom",
    "image_sizes": "CenterCrop RandomCrop Resizing",
    "input_layer": "Input InputLayer",
    "input_spec": "InputSpec",
    "lambda_layer": "ActivityRegularization Identity Lambda",
    "layer": "Layer deserialize serialize",
    "layer_normalization": "LayerNormalization RMSNormalization",
    "lookup": "IntegerLookup StringLookup",
    "masking": "DropMask Masking",
    "merging": (
        "Add Average Concatenate Dot Maximum Minimum Multiply Subtract add average concatenate dot maximum "
        "minimum multiply subtract"
    ),
    "multi_head_attention": "GroupedQueryAttention GroupQueryAttention MultiHeadAttention",
    "naming": "reset_names",
    "noise": "AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "operation": "Operation",
    "padding": "Cropping1D Cropping2D Cropping3D ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "pipeline": "Pipeline",
    "pooling": (
        "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D "
        "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D "
        "GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D "
        "GlobalMaxPooling2D GlobalMaxPooling3D MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D "
        "MaxPooling3D"
    ),
    "preprocessing": "CategoryEncoding Normalization Rescaling",
    "rectifiers": "ELU LeakyReLU PReLU ReLU Softmax",
    "recurrent": "RNN",
    "recurrent_cells": "GRUCell LSTMCell SimpleRNNCell StackedRNNCells",
    "recurrent_layers": "GRU LSTM SimpleRNN",
    "reshaping": "Flatten Permute RepeatVector Reshape",
    "reversible_embedding": "ReversibleEmbedding",
    "spectral_normalization": "SpectralNormalization Wrapper",
    "symbol": "Symbol",
    "text_vectorization": "TextVectorization",
    "time_distributed": "TimeDistributed",
    "upsampling": "UpSampling1D UpSampling2D UpSampling3D",
}

__getattr__, __dir__, __all__ = shown(__name__, FILES)
