"""Single convolutions: forward, gradient of the input, gradient of the kernel, against oneDNN through PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from statistics import geometric_mean

import numpy as np

from .race import Job, line, race, ratio, started
from .results import keep

BATCH = 32
SHAPES = (  # size, channels, filters, kernel, stride, groups
    (56, 64, 64, 3, 1, 1),
    (28, 128, 128, 3, 1, 1),
    (56, 64, 128, 3, 2, 1),
    (14, 256, 256, 3, 1, 1),
    (28, 128, 256, 1, 1, 1),
    (112, 3, 64, 7, 2, 1),
    (28, 128, 128, 3, 1, 128),
    (28, 128, 128, 3, 1, 4),
    (27, 48, 80, 5, 1, 1),
    (13, 33, 65, 3, 1, 1),
    (32, 16, 16, 3, 1, 1),
    (7, 512, 512, 3, 1, 1),
)
WHAT = ("forward", "input", "kernel")


@dataclass(frozen=True)
class Convolution:
    """One of SHAPES with one of WHAT; padding is half of the kernel on each side, as in PyTorch's networks."""

    what: str
    size: int
    channels: int
    filters: int
    kernel: int
    stride: int
    groups: int

    @classmethod
    def named(cls, text: str) -> Convolution:
        what, *numbers = text.split("-")
        return cls(what, *map(int, numbers))

    @property
    def padding(self) -> int:
        return self.kernel // 2

    @property
    def output(self) -> int:
        return (self.size + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def operations(self) -> int:
        cells = BATCH * self.output**2 * self.filters
        return 2 * cells * self.kernel**2 * self.channels // self.groups

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x, kernel and the gradient of y, channels last and kernels as (height, width, channels, filters)."""
        rng = np.random.default_rng(0)
        n, k = self.size, self.kernel
        shapes = (
            (BATCH, n, n, self.channels),
            (k, k, self.channels // self.groups, self.filters),
            (BATCH, self.output, self.output, self.filters),
        )
        x, w, dy = (rng.standard_normal(s, dtype=np.float32) for s in shapes)
        return x, w, dy

    @property
    def count(self) -> int:
        """So many that a sample takes some tens of milliseconds."""
        return max(1, int(5e9 // self.operations))


def with_lamina(text: str) -> Job:
    """Through a traced program: the arrays are variables, as weights and activations of a network are in a step."""
    import lamina
    from lamina.gradients import gradients
    from lamina.trace import Variable, trace

    c = Convolution.named(text)
    arrays = c.arrays()
    x, w, dy = (Variable(a) for a in arrays)
    result = Variable(np.zeros({"forward": dy, "input": x, "kernel": w}[c.what].shape, "float32"))

    def step():
        y = lamina.ops.conv(x.value, w.value, c.stride, ((c.padding, c.padding),) * 2)
        if c.what == "forward":
            result.assign(y)
        else:
            loss = lamina.ops.sum(y * dy.value)
            result.assign(gradients([loss], [x.value if c.what == "input" else w.value])[0])
        return []

    program = trace(step, []).program("native")
    order = np.arange(1)

    def run():
        program.run_steps([], order, 0, c.count)

    program.run()
    return Job(run, c.count, [result.numpy()])


def with_torch(text: str, channels_last: bool = True) -> Job:
    import torch

    c = Convolution.named(text)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x, w, dy = (torch.from_numpy(a) for a in c.arrays())
    x, dy = (t.permute(0, 3, 1, 2).contiguous(memory_format=layout) for t in (x, dy))
    w = w.permute(3, 2, 0, 1).contiguous(memory_format=layout)
    options = ([c.stride] * 2, [c.padding] * 2, [1, 1])
    mask = [c.what == "input", c.what == "kernel", False]

    def once():
        if c.what == "forward":
            return torch.ops.aten.convolution(x, w, None, *options, False, [0, 0], c.groups)
        found = torch.ops.aten.convolution_backward(dy, x, w, None, *options, False, [0, 0], c.groups, mask)
        return found[0] if c.what == "input" else found[1]

    def run():
        with torch.no_grad():
            for _ in range(c.count):
                once()

    answer = once().permute(2, 3, 1, 0) if c.what == "kernel" else once().permute(0, 2, 3, 1)
    return Job(run, c.count, [answer.contiguous().numpy()])


def with_torch_contiguous(text: str) -> Job:
    return with_torch(text, channels_last=False)


COMPETITORS = {
    "lamina": "convolutions:with_lamina",
    "torch channels-last": "convolutions:with_torch",
    "torch contiguous": "convolutions:with_torch_contiguous",
}


def measure(rounds: int, only: list[str]) -> None:
    """All shapes, or those whose places in SHAPES (0, 1, …) are given."""
    rows: dict[str, dict] = {}
    shapes = [s for i, s in enumerate(SHAPES) if not only or str(i) in only]
    with started(COMPETITORS) as competitors:
        for shape, what in product(shapes, WHAT):
            name = f"{shape} {what}"
            rows[name] = race(competitors, "-".join(map(str, (what, *shape))), rounds)
            print(line(name, rows[name]), flush=True)
    print(f"geometric mean of the ratios {geometric_mean([ratio(r) for r in rows.values()]):.2f}")
    keep("convolutions", "microseconds a call", rows, rounds)
