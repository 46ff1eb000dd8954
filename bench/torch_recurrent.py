"""The recurrent networks in PyTorch. Padding is left out with ``pack_padded_sequence``, lengths known beforehand."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from .recurrent import Recurrent


class Sequence(nn.Module):
    """Embedding, where words come in, then the layers over time, then one unit."""

    def __init__(self, told: Recurrent):
        super().__init__()
        self.told = told
        if told.words:
            self.embedding = nn.Embedding(told.words, told.width)
        self.layers = getattr(nn, told.cell)(
            told.width, told.units, told.layers, batch_first=True, bidirectional=told.both
        )
        self.dense = nn.Linear(told.units * told.directions, 1)

    def inputs(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What ``forward`` takes: where padding is left out, it stands behind, and the lengths come along."""
        if not self.told.masked:
            return [x]
        turned = [np.concatenate([row[row != 0], row[row == 0]]) for row in x.numpy()]
        return [torch.from_numpy(np.stack(turned)), (x != 0).sum(1)]

    def forward(self, x, lengths=None):
        x = self.embedding(x) if self.told.words else x
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        states = self.layers(x)[1]
        h = states[0] if self.told.cell == "LSTM" else states
        return self.dense(torch.cat([h[-2], h[-1]], 1) if self.told.both else h[-1])

    @torch.no_grad()
    def load(self, weights: list[np.ndarray]) -> None:
        """Takes the common weights: matrices turned, GRU's gates z, r, h as r, z, h, and LSTM's one bias as two."""
        given = [torch.from_numpy(w) for w in weights]
        if self.told.words:
            self.embedding.weight.copy_(given.pop(0))
        for layer in range(self.told.layers):
            for suffix in ("", "_reverse")[: self.told.directions]:
                kernel, recurrent, bias = given[:3]
                del given[:3]
                biases = bias if self.told.cell == "GRU" else torch.stack([bias, torch.zeros_like(bias)])
                for name, w in zip(
                    ("weight_ih", "weight_hh", "bias_ih", "bias_hh"), (kernel.T, recurrent.T, *biases), strict=True
                ):
                    if self.told.cell == "GRU":
                        z, r, h = w.chunk(3)
                        w = torch.cat([r, z, h])
                    getattr(self.layers, f"{name}_l{layer}{suffix}").copy_(w)
        self.dense.weight.copy_(given[0].T)
        self.dense.bias.copy_(given[1])
