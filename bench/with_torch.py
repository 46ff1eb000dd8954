"""PyTorch, eager, in its best form.

Arrays in memory, ``randperm`` slices, fused optimizers, channels last, no ``.item()`` in a step.
"""

from __future__ import annotations

import torch
from torch import nn

from .works import Work, data


class Sequence(nn.Module):
    """Embedding - LSTM - Dense."""

    def __init__(self):
        super().__init__()
        self.embedding, self.lstm, self.dense = (
            nn.Embedding(20_000, 128),
            nn.LSTM(128, 128, batch_first=True),
            nn.Linear(128, 1),
        )

    def forward(self, x):
        return self.dense(self.lstm(self.embedding(x))[0][:, -1])


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
        stack += [nn.Conv2d(last, filters, 3, stride, 1), nn.BatchNorm2d(filters), nn.ReLU()]
        last = filters
    return nn.Sequential(*stack, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)).to(
        memory_format=torch.channels_last
    )


NETWORKS = {"book": book, "mlp": mlp, "cnn": cnn, "plain_cnn": plain_cnn, "lstm": Sequence}


def prepare(work: Work):
    """A function that trains one epoch."""
    torch.manual_seed(0)
    model = NETWORKS[work.name]().train()
    x, y = (torch.from_numpy(a) for a in data(work))
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    y = y if work.name == "lstm" else y.long()
    loss = nn.BCEWithLogitsLoss() if work.name == "lstm" else nn.CrossEntropyLoss()
    if work.name == "book":
        optimizer = torch.optim.SGD(model.parameters(), 0.01, fused=True)
    else:
        optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def epoch():
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for i in range(0, work.steps * work.batch, work.batch):
            rows = order[i : i + work.batch]
            optimizer.zero_grad(set_to_none=True)
            value = loss(model(x[rows]), y[rows])
            value.backward()
            optimizer.step()
            total += value.detach()
        return float(total)

    return epoch
