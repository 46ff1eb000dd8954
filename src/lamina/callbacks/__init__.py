"""Code that runs at certain moments of training, under Keras's names."""

from ..lazy import shown

# file -> the names that it shows; `__init__.pyi` tells editors and type checkers the same
FILES = {
    "backup_and_restore": "BackupAndRestore",
    "callback": "Callback CallbackList",
    "csv_logger": "CSVLogger",
    "early_stopping": "EarlyStopping",
    "history": "History",
    "lambda_callback": "LambdaCallback",
    "learning_rate_scheduler": "LearningRateScheduler",
    "model_checkpoint": "ModelCheckpoint",
    "progbar_logger": "ProgbarLogger",
    "reduce_lr_on_plateau": "ReduceLROnPlateau",
    "terminate_on_nan": "TerminateOnNaN",
}

__getattr__, __dir__, __all__ = shown(__name__, FILES)
