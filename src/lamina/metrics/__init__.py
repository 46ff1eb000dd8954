"""Metrics, under Keras's names: classes to pass to ``compile``, and functions that give one value for each sample."""

from ..errors import ArgumentError, message
from ..losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kind_of_labels,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from ..losses import registry as losses
from ..registry import Registry, snake_case
from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .confusion_matrix import BinaryIoU, ConfusionMatrix, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    R2Score,
    concordance_correlation,
    pearson_correlation,
)
from .edit_distance import EditDistance, LabelErrorRate, edit_distance
from .f_score import F1Score, FBetaScore
from .mean import Mean, MeanMetricWrapper, Sum, functions
from .metric import Metric
from .of_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    cosine_similarity,
)

registry = Registry("metric")
for _metric, *_aliases in (
    (Accuracy,),
    (AUC,),
    (BinaryAccuracy,),
    (BinaryCrossentropy, "bce", "BCE"),
    (BinaryIoU,),
    (CategoricalAccuracy,),
    (CategoricalCrossentropy,),
    (CategoricalHinge,),
    (ConcordanceCorrelation,),
    (ConfusionMatrix,),
    (CosineSimilarity,),
    (EditDistance,),
    (F1Score,),
    (FBetaScore, "fbeta_score"),
    (FalseNegatives,),
    (FalsePositives,),
    (Hinge,),
    (IoU,),
    (KLDivergence, "kld", "KLD", "kullback_leibler_divergence"),
    (LabelErrorRate,),
    (LogCoshError, "logcosh", "log_cosh"),
    (Mean,),
    (MeanMetricWrapper,),
    (MeanAbsoluteError, "mae", "MAE"),
    (MeanAbsolutePercentageError, "mape", "MAPE"),
    (MeanIoU,),
    (MeanSquaredError, "mse", "MSE"),
    (MeanSquaredLogarithmicError, "msle", "MSLE"),
    (OneHotIoU,),
    (OneHotMeanIoU,),
    (PearsonCorrelation,),
    (Poisson,),
    (Precision,),
    (PrecisionAtRecall,),
    (R2Score, "r2"),
    (Recall,),
    (RecallAtPrecision,),
    (RootMeanSquaredError, "rmse", "RMSE"),
    (SensitivityAtSpecificity,),
    (SparseCategoricalAccuracy,),
    (SparseCategoricalCrossentropy,),
    (SparseTopKCategoricalAccuracy,),
    (SpecificityAtSensitivity,),
    (SquaredHinge,),
    (Sum,),
    (TopKCategoricalAccuracy,),
    (TrueNegatives,),
    (TruePositives,),
):
    registry.register(_metric, snake_case(_metric.__name__), *_aliases)


for _function in (
    accuracy,
    binary_accuracy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_accuracy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    concordance_correlation,
    cosine_similarity,
    edit_distance,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    pearson_correlation,
    poisson,
    sparse_categorical_accuracy,
    sparse_categorical_crossentropy,
    sparse_top_k_categorical_accuracy,
    squared_hinge,
    top_k_categorical_accuracy,
):
    functions.register(_function)


def get(identifier):
    """The metric for a name, a configuration, a class, a function or a metric; None for None.

    >>> lamina.metrics.get("mae")
    <MeanAbsoluteError mean_absolute_error>
    """
    return registry.get(identifier)


def serialize(metric):
    """The metric as a configuration of plain literals; its state is not part of it.

    >>> lamina.metrics.serialize(lamina.metrics.Precision(thresholds=0.3))["config"]["thresholds"]
    0.3
    """
    return registry.serialize(metric)


def deserialize(config, custom_objects=None):
    """The metric that ``serialize`` described.

    >>> lamina.metrics.deserialize({"class_name": "Recall", "config": {}})
    <Recall recall>
    """
    return registry.deserialize(config, custom_objects)


def check_name(name: str) -> None:
    """Refuses a name under which there is no metric with an ArgumentError; which one is meant, the shapes say later.

    >>> lamina.metrics.check_name("accuracy")
    """
    if name.lower() not in BY_SHAPE and name not in losses.known:
        registry.find(name, also=BY_SHAPE)


def for_output(identifier, y_true, y_pred) -> Metric:
    """The Metric that ``compile`` means by an identifier for one output.

    "accuracy" (or "acc") and "crossentropy" (or "ce") are chosen by the shapes, as Keras does. A metric given by name
    goes by that name in the history.

    >>> lamina.metrics.for_output("accuracy", np.zeros((8,)), np.zeros((8, 10)))
    <SparseCategoricalAccuracy accuracy>
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str) and identifier.lower() in BY_SHAPE:
        return BY_SHAPE[identifier.lower()][kind_of_labels(y_true, y_pred)](name=identifier)
    by_loss = isinstance(identifier, str) and identifier not in registry.known and identifier in losses.known
    found = losses.get(identifier) if by_loss else registry.get(identifier)
    if not isinstance(found, Metric):
        if not callable(found):
            raise ArgumentError(message("a metric must be callable", got=repr(identifier)))
        found = MeanMetricWrapper(found)
    if isinstance(identifier, str):
        found.name = identifier
    return found


ACCURACIES = {"binary": BinaryAccuracy, "sparse": SparseCategoricalAccuracy, "categorical": CategoricalAccuracy}
CROSSENTROPIES = {
    "binary": BinaryCrossentropy,
    "sparse": SparseCategoricalCrossentropy,
    "categorical": CategoricalCrossentropy,
}
BY_SHAPE = {"acc": ACCURACIES, "accuracy": ACCURACIES, "ce": CROSSENTROPIES, "crossentropy": CROSSENTROPIES}
