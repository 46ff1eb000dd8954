"""Record CTC: losses and gradients of PyTorch in float64, the loss and the decoders of Keras.

Cases of PyTorch are batches of random lengths at and past the limit of what is possible; gradients are taken through
log_softmax, with `zero_infinity`, as those of infeasible targets are NaN without it.
"""

import numpy as np
import torch
from recording import Recorder, keras, rng_for

record = Recorder("ctc", double=True)


def batch(case_id: str, batch: int, steps: int, labels: int, classes: int, blank: int, scale: float, few: int) -> dict:
    """Logits exact in float32, labels of which only ``few`` differ (so that they repeat), and lengths of both."""
    rng = rng_for(case_id)
    own = np.array([c for c in range(classes) if c != blank][:few])
    return {
        "logits": (rng.normal(size=(batch, steps, classes)) * scale).astype(np.float32).astype(np.float64),
        "labels": own[rng.integers(0, len(own), (batch, max(labels, 1)))][:, :labels].astype(np.int32),
        "steps": rng.integers(max(1, steps // 3), steps + 1, batch).astype(np.int32),
        "lengths": rng.integers(0, labels + 1, batch).astype(np.int32),
        "output_grad": rng.normal(size=batch),
    }


def from_torch(case_id: str, *shape: int, blank: int = 0, scale: float = 1.0, few: int = 1000) -> None:
    case = batch(case_id, *shape, blank=blank, scale=scale, few=few)
    logits = torch.tensor(case["logits"], requires_grad=True)
    told = [torch.tensor(case[k].astype(np.int64)) for k in ("labels", "steps", "lengths")]

    def loss(zero_infinity: bool) -> torch.Tensor:
        scores = torch.log_softmax(logits, -1).transpose(0, 1)
        options = {"blank": blank, "reduction": "none", "zero_infinity": zero_infinity}
        return torch.nn.functional.ctc_loss(scores, *told, **options)

    (loss(True) * torch.tensor(case["output_grad"])).sum().backward()
    case |= {"output": loss(False).detach().numpy(), "logits_grad": logits.grad.numpy()}
    record.add({"id": case_id, "from": "torch", "blank": blank, **record.names(case_id, case)})


def from_keras(case_id: str, *shape: int) -> None:
    """The loss with labels filled up with 0, and both decoders, which take the same logits."""
    case = batch(case_id, *shape, blank=0, scale=2.0, few=1000)
    case["labels"] *= np.arange(shape[2]) < case["lengths"][:, None]
    logits = case["logits"].astype(np.float32)
    case["output"] = np.asarray(keras.losses.CTC(reduction="none")(case["labels"], logits)).astype(np.float64)
    for name, options in {
        "greedy": {},
        "all": {"merge_repeated": False},
        "beam": {"strategy": "beam_search", "beam_width": 60, "top_paths": 3},
    }.items():
        decoded, scores = keras.ops.ctc_decode(logits, case["steps"], **options)
        case[name] = [np.asarray(decoded), np.asarray(scores).astype(np.float64)]
    record.add({"id": case_id, "from": "keras", "blank": 0, **record.names(case_id, case)})


if __name__ == "__main__":
    torch.set_num_threads(1)
    from_torch("plain", 6, 12, 4, 6)
    from_torch("last_blank", 6, 12, 4, 6, blank=5)
    from_torch("middle_blank", 6, 11, 5, 4, blank=2)
    from_torch("repeats", 12, 9, 5, 5, few=1)
    from_torch("two_labels", 12, 8, 5, 3, few=2)
    from_torch("tight", 16, 5, 5, 4, few=2)
    from_torch("no_labels", 4, 7, 0, 4)
    from_torch("one_step", 6, 1, 2, 4)
    from_torch("sharp", 8, 14, 5, 6, scale=30.0)
    from_torch("flat", 4, 20, 6, 8, scale=0.01)
    from_torch("long", 3, 150, 20, 9)
    from_torch("long_sharp", 2, 120, 20, 9, scale=8.0, few=3)
    from_keras("keras", 5, 9, 3, 4)
    from_keras("keras_wide", 3, 14, 5, 7)
    record.save()
