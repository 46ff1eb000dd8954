"""Losses, under Keras's names: classes to pass to ``compile``, and functions that give one value for each sample."""

from ..errors import ArgumentError, message
from .crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    sparse_categorical_crossentropy,
)
from .ctc import CTC, check_label_sequences, ctc
from .distribution import (
    CategoricalGeneralizedCrossEntropy,
    Dice,
    KLDivergence,
    Poisson,
    Tversky,
    categorical_generalized_cross_entropy,
    dice,
    kl_divergence,
    poisson,
    tversky,
)
from .labels import check_labels
from .loss import Loss, LossFunctionWrapper, registry
from .margin import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .regression import (
    CosineSimilarity,
    HalfSquaredError,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    half_squared_error,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)

for _loss in (
    CTC,
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    CosineSimilarity,
    Dice,
    HalfSquaredError,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    LossFunctionWrapper,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
):
    registry.register(_loss)
for _function, *_aliases in (
    (binary_crossentropy, "bce", "BCE"),
    (binary_focal_crossentropy,),
    (categorical_crossentropy,),
    (categorical_focal_crossentropy,),
    (categorical_generalized_cross_entropy,),
    (categorical_hinge,),
    (cosine_similarity,),
    (ctc,),
    (dice,),
    (half_squared_error,),
    (hinge,),
    (huber, "huber_loss"),
    (kl_divergence, "kld", "KLD", "kullback_leibler_divergence"),
    (log_cosh, "logcosh"),
    (mean_absolute_error, "mae", "MAE"),
    (mean_absolute_percentage_error, "mape", "MAPE"),
    (mean_squared_error, "mse", "MSE"),
    (mean_squared_logarithmic_error, "msle", "MSLE"),
    (poisson,),
    (sparse_categorical_crossentropy,),
    (squared_hinge,),
    (tversky,),
):
    registry.register(_function, *_aliases)


BY_SHAPE = ("crossentropy", "ce")  # names for one of several losses: the shapes of labels and outputs choose


def get(identifier):
    """The loss for a name, a configuration, a class, a function or a loss; None for None.

    A name in snake case gives the function, a class name an object, as in Keras.

    >>> lamina.losses.get("mse")([[0.0]], [[3.0]])
    array([9.], dtype=float32)
    """
    return registry.get(identifier)


def serialize(loss):
    """The loss as a configuration of plain literals.

    >>> lamina.losses.serialize(lamina.losses.Huber(delta=2.0))["config"]["delta"]
    2.0
    """
    return registry.serialize(loss)


def deserialize(name, custom_objects=None):
    """The loss that ``serialize`` described.

    >>> lamina.losses.deserialize({"class_name": "Poisson", "config": {}})
    <Poisson poisson>
    """
    return registry.deserialize(name, custom_objects)


def check_name(name: str) -> None:
    """Refuses a name under which there is no loss with an ArgumentError; which loss is meant, the shapes say later.

    >>> lamina.losses.check_name("crossentropy")
    """
    if name.lower() not in BY_SHAPE:
        registry.find(name, also=BY_SHAPE)


def for_output(identifier, y_true, y_pred) -> Loss | None:
    """The Loss that ``compile`` means by an identifier for one output; "crossentropy" is chosen by the shapes.

    y_true, y_pred  anything with a shape

    >>> lamina.losses.for_output("crossentropy", np.zeros((8,)), np.zeros((8, 10)))
    <SparseCategoricalCrossentropy crossentropy>
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str) and identifier.lower() in BY_SHAPE:
        return (BinaryCrossentropy, SparseCategoricalCrossentropy, CategoricalCrossentropy)[
            ("binary", "sparse", "categorical").index(kind_of_labels(y_true, y_pred))
        ](name=identifier)
    found = registry.get(identifier)
    if isinstance(found, Loss):
        return found
    if not callable(found):
        raise ArgumentError(message("a loss must be callable", got=repr(identifier)))
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", None)
    return LossFunctionWrapper(found, name=name)


def kind_of_labels(y_true, y_pred) -> str:
    """ "binary", "sparse" (class numbers) or "categorical" (one-hot), told from shapes alone, as Keras does.

    >>> lamina.losses.kind_of_labels(np.zeros((8, 10)), np.zeros((8, 10)))
    'categorical'
    """
    if y_pred.shape[-1] == 1:
        return "binary"
    sparse = len(y_true.shape) < len(y_pred.shape) or (y_true.shape[-1] == 1 and y_pred.shape[-1] > 1)
    return "sparse" if sparse else "categorical"
