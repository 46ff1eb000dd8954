"""Record whole trainings of Keras 3: the weights before and after, the history, an evaluation and a prediction."""

from fit_programs import PROGRAMS
from recording import Recorder, keras

record = Recorder("fit")

for name, program in PROGRAMS.items():
    keras.utils.set_random_seed(3)
    model, told, x, y, more = program(keras)
    model.compile(**told)
    before = model.get_weights()
    history = model.fit(x, y, shuffle=False, verbose=0, **more).history
    evaluated = model.evaluate(x, y, verbose=0, batch_size=7, return_dict=True)
    predicted = model.predict(x, verbose=0, batch_size=7)
    arrays = {
        "before": before,
        "after": model.get_weights(),
        "predicted": predicted if isinstance(predicted, list) else [predicted],
    }
    record.add({"id": name, **record.names(name, arrays), "history": history, "evaluated": evaluated})

record.save()
