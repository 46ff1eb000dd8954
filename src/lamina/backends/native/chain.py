"""A group of elementwise nodes as the engine's chain: numbered sources, steps, and outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...graph import Node
from .views import View, unshaped


class Chain:
    """Collects operands and steps.

    Registers: inputs first (the product of a gemm is input 0), then outputs, then temporaries.
    """

    def __init__(self, shape: tuple[int, ...], product: Node | None = None):
        self.shape, self.product = shape, product
        self.inputs: list[View] = []
        self.orders: dict[int, View] = {}  # of the inputs that are rows to add up: in which order
        self.outputs: list[View] = []
        self.steps: list[tuple[str, str, list, object]] = []
        self.sums: list = []  # symbolic registers whose elements are added up as well
        self.where: dict = {}  # node or view → symbolic register

    def source(self, view: View):
        """The register of an operand; the same view is one operand."""
        for i, other in enumerate(self.inputs):
            same = (other.offset, other.strides, other.dtype) == (view.offset, view.strides, view.dtype)
            if same and other.storage is view.storage and i not in self.orders:
                return ("in", i)
        self.inputs.append(view)
        return ("in", len(self.inputs) - 1)

    def rows(self, view: View, order: View):
        """The register of a table that is never made: rows that are added up in an order."""
        for i, other in self.orders.items():
            if other.storage is order.storage:
                return ("in", i)
        self.inputs.append(view)
        self.orders[len(self.inputs) - 1] = order
        return ("in", len(self.inputs) - 1)

    @property
    def operands(self) -> list[View]:
        """What the engine is given to read."""
        return [*self.inputs, *self.orders.values()]

    def step(self, functor: str, dtype: str, sources: list, node: Node) -> None:
        self.steps.append((functor, dtype, sources, node))
        self.where[node] = ("node", node)

    def output(self, node: Node, view: View) -> None:
        """The value of a node goes to a view as well."""
        self.outputs.append(view)
        index = len(self.outputs) - 1
        last = [i for i, s in enumerate(self.steps) if s[3] is node]
        if node is not self.product and last and self.where[node][0] == "node":
            self.where[node] = ("out", index)
        else:
            self.steps.append(("identity", node.dtype, [self.register_of(node)], ("out", index)))

    def register_of(self, node: Node):
        return ("in", -1) if node is self.product else self.where[node]

    def finished(self) -> dict:
        """The chain as the engine takes it; temporaries are used again once nobody reads them."""
        self.follow()
        shift = 1 if self.product is not None else 0
        n_in, n_out = len(self.inputs) + shift, len(self.outputs)
        last_use: dict[Node, int] = {}
        for i, (_, _, sources, _) in enumerate(self.steps):
            for s in sources:
                resolved = self.where[s[1]] if s[0] == "node" else s
                if resolved[0] == "node":
                    last_use[resolved[1]] = i
        free: dict[str, list[int]] = {}
        register: dict[Node, int] = {}
        count = 0
        steps = []
        for kind, node in self.sums:
            if kind == "node":
                last_use[node] = len(self.steps)
        for i, (functor, dtype, sources, target) in enumerate(self.steps):
            numbers = [self.number(s, register, n_in, shift) for s in sources]
            if isinstance(target, Node):
                place = self.where[target]
                if place[0] == "out":
                    number = n_in + place[1]
                else:
                    pool = free.setdefault(dtype, [])
                    if pool:
                        number = pool.pop()
                    else:
                        number, count = n_in + n_out + count, count + 1
                    register[target] = number
            else:
                number = n_in + target[1]  # type: ignore[index]
            steps.append((functor, dtype, numbers, number))
            for node in {s[1]: None for s in sources if s[0] == "node"}:
                if node in register and last_use.get(node) == i and node is not target:
                    free.setdefault(node.dtype, []).append(register[node])
        made = {"shape": self.shape, "steps": steps, "n_registers": count}
        if self.orders:
            made["rows"] = list(self.orders)
        if self.sums:
            made["sums"] = [self.number(s, register, n_in, shift) for s in self.sums]
        return made

    def follow(self) -> None:
        """Lets each step come right after one whose value it reads, where it can: the value is still in registers."""
        waits: list[set[int]] = []
        made: dict[object, int] = {}
        for i, (_, _, sources, target) in enumerate(self.steps):
            names = [self.where[s[1]] if s[0] == "node" else s for s in sources]
            waits.append({made[n] for n in names if n[0] in ("node", "out") and n in made})
            made[self.where[target] if isinstance(target, Node) else target] = i
        if all(i in waits[i + 1] for i in range(len(waits) - 1)):
            return
        readers: list[list[int]] = [[] for _ in waits]
        for i, needed in enumerate(waits):
            for k in needed:
                readers[k].append(i)
        left = [len(needed) for needed in waits]
        ready = [i for i, n in enumerate(left) if n == 0]
        order: list[int] = []
        while ready:
            near = [i for i in ready if order and order[-1] in waits[i]]
            step = min(near or ready)
            ready.remove(step)
            order.append(step)
            for i in readers[step]:
                left[i] -= 1
                if left[i] == 0:
                    ready.append(i)
        self.steps = [self.steps[i] for i in order]

    def number(self, source, register: dict[Node, int], n_in: int, shift: int):
        kind, value = source[0], source[1]
        if kind == "in":
            return value + shift
        if kind == "node":
            place = self.where[value]
            return n_in + place[1] if place[0] == "out" else register[value]
        return source


def build(chain: Chain, nodes: list[Node], resolve: Callable[[Node], object], summed: Sequence[Node] = ()) -> None:
    """Adds the steps of elementwise nodes, and the sums of some nodes.

    ``resolve`` gives a constant ``("c", value, dtype)`` or a View for a node from outside.
    """
    inside = set(nodes)

    def operand(x: Node):
        own = unshaped(x)
        if own is chain.product:
            return ("in", -1)
        if own in inside:
            return ("node", own)
        found = resolve(x)
        return chain.source(found) if isinstance(found, View) else found

    for node in nodes:
        if node is chain.product:
            continue
        assert node.op is not None
        name = node.op.name
        if name == "iota":
            sources: list = [("c", node.attrs["axis"], "int32")]
        elif name == "random_bits":
            sources = [*(operand(x) for x in node.inputs), ("c", node.attrs["stream"], "uint32")]
        else:
            sources = [operand(x) for x in node.inputs]
        chain.step(str(node.op.kernel), node.dtype, sources, node)
    chain.sums = [operand(x) for x in summed]
