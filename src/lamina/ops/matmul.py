"""Matrix product, the one op that decides how fast a network runs."""

from __future__ import annotations

from ..op import Op
from ..types import Type
from .shape import turned


def M(*shape):
    return Type("float32", shape)


class Matmul(Op):
    """Matrix product of the last two dimensions; leading dimensions are a batch."""

    signature = "(m,k),(k,n)->(m,n)"
    kernel = "gemm"
    tolerance = 1e-5
    extremes = ("special",)  # whether a sum of huge products overflows depends on its order
    samples = [
        ((M(2, 3), M(3, 4)), {}),
        ((M(5, 2, 3), M(5, 3, 4)), {}),
        ((M(1, 7), M(7, 1)), {}),
        ((M(13, 65), M(65, 37)), {}),
        ((M(3, 0), M(0, 2)), {}),
        ((M(0, 3), M(3, 2)), {}),
        ((M(1, 300), M(300, 50)), {}),
        ((M(2, 1, 5, 3), M(2, 1, 3, 17)), {}),
    ]
    rejects = [
        ((M(2, 3), M(4, 5)), {}, "dimension k is 3 in one input and 4 in another"),
        ((M(3), M(3, 4)), {}, "needs at least 2"),
        ((M(2, 2, 3), M(3, 3, 4)), {}, "batch dimensions differ"),
    ]

    def compute(self, xp, a, b):
        return xp.matmul(a, b)

    def xla(self, xp, a, b):
        return xp.matmul(a, b, precision="highest")

    def vjp(self, dy, y, a, b):
        return matmul_(dy, turned(b)), matmul_(turned(a), dy)


matmul_ = Matmul()
