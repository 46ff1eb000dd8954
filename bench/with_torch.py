"""PyTorch, eager, in its best form.

Arrays in memory, ``randperm`` slices, fused optimizers, channels last, no ``.item()`` in a step.
"""

from __future__ import annotations

import torch
from torch import nn

from .torch_recurrent import Sequence
from .works import Work, data, weights


def book():
    return nn.Sequential(nn.Linear(784, 50), nn.Sigmoid(), nn.Linear(50, 100), nn.Sigmoid(), nn.Linear(100, 10))


def mlp():
    return nn.Sequential(
        nn.Linear(784, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 10),
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(1600, 10),
    ).to(memory_format=torch.channels_last)


def plain_cnn():
    stack, last = [], 3
    for filters, stride in ((32, 1), (64, 2), (64, 1), (128, 2), (128, 1)):
        stack += [nn.Conv2d(last, filters, 3, stride, 1), nn.BatchNorm2d(filters, 1e-3), nn.ReLU()]
        last = filters
    return nn.Sequential(*stack, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)).to(
        memory_format=torch.channels_last
    )


NETWORKS = {"book": book, "mlp": mlp, "cnn": cnn, "plain_cnn": plain_cnn}


def load(model, name: str) -> None:
    """Gives the model the common weights, in PyTorch's layouts."""
    given = [torch.from_numpy(w) for w in weights(name)]
    if name == "cnn":  # rows of the last layer: (height, width, channel) there, (channel, height, width) here
        given[4] = given[4].reshape(5, 5, 64, 10).permute(2, 0, 1, 3).reshape(1600, 10)
    own = [t for key, t in model.state_dict().items() if not key.endswith("num_batches_tracked")]
    for mine, w in zip(own, given, strict=True):
        turned = w.permute(3, 2, 0, 1) if w.ndim == 4 else w.T if w.ndim == 2 else w
        mine.copy_(turned)


def as_in_keras(model, x):
    """The model's outputs where convolutions of stride 2 pad below and on the right only, as Keras's "same" does.

    For the comparison: a step takes as long with one padding as with the other.
    """
    for layer in model if isinstance(model, nn.Sequential) else [model]:
        if isinstance(layer, nn.Conv2d) and layer.stride[0] == 2:
            x = nn.functional.pad(x, (0, 1, 0, 1))
            x = nn.functional.conv2d(x, layer.weight, layer.bias, layer.stride)
        else:
            x = layer(x)
    return x


def made(work: Work):
    """The network with the common weights, and its inputs and answers."""
    x, y = (torch.from_numpy(a) for a in data(work))
    if work.recurrent:
        model = Sequence(work.recurrent)
        model.load(weights(work.name))
        return model, model.inputs(x), y, nn.BCEWithLogitsLoss()
    model = NETWORKS[work.network]()
    load(model, work.name)
    x = x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
    return model, [x], y.long(), nn.CrossEntropyLoss()


def prepare(work: Work):
    """A function that trains one epoch, and the first outputs."""
    torch.manual_seed(0)
    model, inputs, y, loss = made(work)
    if work.network == "book":
        optimizer = torch.optim.SGD(model.parameters(), 0.01, fused=True)
    else:
        optimizer = torch.optim.Adam(model.parameters(), fused=True)

    with torch.no_grad():
        first = [x[:16] for x in inputs]
        z = model.eval()(*first) if work.recurrent else as_in_keras(model.eval(), *first)
        answer = torch.sigmoid(z) if work.recurrent else torch.softmax(z, 1)
    model.train()

    def epoch():
        order = torch.randperm(len(y))
        total = torch.zeros(())
        for i in range(0, work.steps * work.batch, work.batch):
            rows = order[i : i + work.batch]
            optimizer.zero_grad(set_to_none=True)
            value = loss(model(*(x[rows] for x in inputs)), y[rows])
            value.backward()
            optimizer.step()
            total += value.detach()
        return float(total)

    return epoch, [answer.numpy()]
