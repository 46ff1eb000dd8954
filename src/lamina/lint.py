"""Mistakes that run without an error: a softmax too much, a layer too few, inputs nobody scaled.

The rules read the program (nodes with the paths of their layers), whatever built it, and the data; they know no layer
class. ``report`` warns of what they find, or refuses it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import ArgumentError, DataError, LaminaWarning, message
from .graph import Node, topological_order
from .ops.piecewise import Sign
from .ops.transcendental import Step, StopGradient
from .trace import Variable, current

PROBLEMS = {
    "probabilities-as-logits": "the loss takes logits, but the model ends in {evidence}",
    "logits-as-probabilities": "the loss takes probabilities, but the outputs may lie outside of 0..1",
    "softmax-of-one": "softmax over one unit is always 1",
    "linear-stack": "linear layers in a row equal one linear layer",
    "no-gradient": "weights cannot be trained through a step, whose derivative is 0",
    "unscaled-inputs": "inputs of 0 to 255 go into weights as they are",
    "tail-differs": "the last rows, held back for validation, are not like the others",
}
OF_DATA = {"unscaled-inputs", "tail-differs"}
VIEWS = {"reshape", "expand", "transpose", "cast", "identity"}
PROBABILITIES = {"softmax", "sigmoid"}


@dataclass(frozen=True)
class Finding:
    """One mistake that was found.

    code      which rule found it: a key of ``PROBLEMS``
    layer     the path of the layer, or the name of the data, that it is about
    evidence  what was seen
    fix       what to do
    """

    code: str
    layer: str
    evidence: str
    fix: str

    def __str__(self) -> str:
        problem = PROBLEMS[self.code].format(evidence=self.evidence)
        where = f"{self.layer}: " if self.layer else ""
        said = "{evidence}" in PROBLEMS[self.code]
        return message(where + problem, got=None if said else self.evidence, fix=self.fix)


def report(findings: Iterable[Finding], lint: str = "warn", stacklevel: int = 3) -> None:
    """Says what was found: ``lint`` is "warn" (a LaminaWarning each), "error" (raised as one) or "off"."""
    found = list(findings)
    if lint == "off" or not found:
        return
    if lint == "error":
        kind = DataError if OF_DATA.issuperset(f.code for f in found) else ArgumentError
        raise kind("\n".join([*map(str, found), '  (lint="warn" warns only)']))
    for finding in found:
        warnings.warn(LaminaWarning(f'{finding}\n  ({finding.code}; lint="off" is silent)'), stacklevel=stacklevel)


# ---- the program


def of_network(outputs: Sequence[Node], losses: Sequence) -> list[Finding]:
    """What is wrong with a program, before it is trained.

    outputs  the predictions, as the nodes that a trace made
    losses   for each output its loss, or None; looked at by name and by ``from_logits``

    To be called inside of the trace: its variables say which arrays are weights.
    """
    found = [f for y, loss in zip(outputs, losses, strict=True) if loss is not None for f in of_output(y, loss)]
    order = topological_order(list(outputs))
    return [*found, *of_softmax(order), *of_linear_stacks(order), *of_steps(outputs, losses, order)]


def of_output(y: Node, loss) -> list[Finding]:
    """An output and its loss: both must mean probabilities, or both logits."""
    end = source(y)
    kind, logits = end.op.name if end.op else "input", takes_logits(loss)
    name = str(getattr(loss, "name", type(loss).__name__))
    if logits and kind in PROBABILITIES:
        return [
            Finding(
                "probabilities-as-logits", end.path, kind, f"leave {kind} out, or take {name} with from_logits=False"
            )
        ]
    unbounded = (end.op is not None and end.op.leaves_unit_interval) or linear_source(end, weight_nodes()) is not None
    if logits is False and unbounded and "crossentropy" in entropy_name(loss):
        wanted = "sigmoid" if "binary" in entropy_name(loss) else "softmax"
        return [
            Finding(
                "logits-as-probabilities",
                end.path,
                f"{name} with from_logits=False, after {kind}",
                f"end in {wanted}, or take {name} with from_logits=True",
            )
        ]
    return []


def takes_logits(loss) -> bool | None:
    """Whether a loss takes logits; None if it takes neither logits nor probabilities."""
    if hasattr(loss, "from_logits"):
        return bool(loss.from_logits)
    arguments = getattr(loss, "arguments", {})
    if "from_logits" in arguments:
        return bool(arguments["from_logits"])
    return False if "crossentropy" in entropy_name(loss) else None


def entropy_name(loss) -> str:
    """The name of a loss's function, or of its class, in lower case."""
    return getattr(getattr(loss, "fn", None), "__name__", type(loss).__name__).lower()


def source(node: Node) -> Node:
    """The node whose numbers these are, under another shape."""
    while node.op is not None and node.op.name in VIEWS and node.type.is_float:
        node = node.inputs[0]
    return node


def of_softmax(order: Sequence[Node]) -> list[Finding]:
    """Softmax over a single unit."""
    return [
        Finding("softmax-of-one", n.path, str(n.type), "use one unit with sigmoid, or one unit for each class")
        for n in order
        if n.op is not None and n.op.name in ("softmax", "log_softmax") and n.shape[-1] == 1
    ]


def of_linear_stacks(order: Sequence[Node]) -> list[Finding]:
    """Two products with weights with nothing but sums, factors, shapes and dropout between them."""
    weights = weight_nodes()
    found = {}
    for node in order:
        if is_product(node, weights):
            before = linear_source(node.inputs[0], weights)
            if before is not None and before.path != node.path:
                found[before.path, node.path] = Finding(
                    "linear-stack",
                    node.path,
                    f"no activation between {before.path!r} and {node.path!r}",
                    f"give {before.path!r} an activation such as relu, or leave it out",
                )
    return list(found.values())


def weight_nodes() -> set[Node]:
    """The nodes that stand for variables in the trace being made."""
    trace = current()
    if trace is None:
        return set()
    return {n for n, slot in zip(trace.inputs, trace.variables, strict=True) if isinstance(slot, Variable)}


def is_product(node: Node, weights: set[Node]) -> bool:
    """Whether a node multiplies with weights: a matrix product or a convolution."""
    product = node.op is not None and (node.op.name == "matmul" or node.op.name.startswith("conv"))
    return product and source(node.inputs[1]) in weights


def linear_source(node: Node, weights: set[Node]) -> Node | None:
    """The product with weights that this node is an affine function of, if there is one."""
    while node.op is not None and not is_product(node, weights):
        name, inputs = node.op.name, node.inputs
        fixed = [source(x) in weights or is_constant(source(x)) for x in inputs]
        if name in VIEWS:
            node = inputs[0]
        elif name in ("add", "sub", "mul") and any(fixed):
            node = inputs[fixed.index(False)] if False in fixed else inputs[0]
            if all(fixed):
                return None
        elif name == "div" and fixed[1]:
            node = inputs[0]
        elif name == "select" and is_random(inputs[0]) and is_constant(source(inputs[2])):  # dropout
            node = inputs[1]
        else:
            return None
    return node if node.op is not None else None


def is_constant(node: Node) -> bool:
    return node.op is not None and node.op.name == "full"


def is_random(condition: Node) -> bool:
    """Whether a condition compares random numbers."""
    return any(x.op is not None and x.op.name.startswith("random") for x in map(bits_under, condition.inputs))


def bits_under(node: Node) -> Node:
    while node.op is not None and node.op.name in VIEWS:
        node = node.inputs[0]
    return node


def of_steps(outputs: Sequence[Node], losses: Sequence, order: Sequence[Node]) -> list[Finding]:
    """Trainable weights that reach the outputs with a loss only through ops whose derivative is 0."""
    trace = current()
    if trace is None or not any(is_step(n) for n in order):
        return []  # the walk below grows with weights x nodes
    judged = [y for y, loss in zip(outputs, losses, strict=True) if loss is not None]
    stuck: dict[str, list[str]] = {}
    for start, slot in zip(trace.inputs, trace.variables, strict=True):
        if not (isinstance(slot, Variable) and slot.trainable):
            continue
        reached, alive, steps = {start}, {start}, []
        for n in order:
            if not any(x in reached for x in n.inputs):
                continue
            reached.add(n)
            if any(x in alive for x in n.inputs):
                if is_step(n):
                    steps.append(n)
                else:
                    alive.add(n)
        blocked = any(y in reached for y in judged) and not any(y in alive for y in judged)
        if blocked and steps and not any(isinstance(s.op, StopGradient) for s in steps):
            stuck.setdefault(steps[0].path, []).append(slot.path)
    return [
        Finding(
            "no-gradient",
            path,
            f"{', '.join(names)}: their gradient is 0",
            "train with sigmoid or relu in its place, and put the step in afterwards",
        )
        for path, names in stuck.items()
    ]


def is_step(node: Node) -> bool:
    """Whether no derivative goes through an op: it jumps, or its result is no float."""
    return isinstance(node.op, Step | Sign) or not any(t.is_float for t in node.types)


# ---- data


def weighed_inputs(outputs: Sequence[Node]) -> list[Node]:
    """The inputs of a program that go into a product with weights, with nothing but another shape between."""
    weights = weight_nodes()
    found = [bits_under(n.inputs[0]) for n in topological_order(list(outputs)) if is_product(n, weights)]
    return list(dict.fromkeys(x for x in found if x.op is None and x not in weights))


def of_input(name: str, array: np.ndarray) -> list[Finding]:
    """Pixels nobody scaled: whole numbers from 0 to 128 and above, but not above 255, in the first 1,000 rows."""
    some = np.asarray(array)[:1000]
    if some.ndim < 2 or some.dtype.kind not in "iuf" or not some.size or some[0].size < 16:
        return []
    low, high = some.min(), some.max()
    if low != 0 or not 128 <= high <= 255 or (some != np.floor(some)).any():
        return []
    return [
        Finding(
            "unscaled-inputs",
            name,
            f"whole numbers from {low:g} to {high:g}",
            f"divide by 255: {name} / 255, or put a Rescaling(1 / 255) layer first",
        )
    ]


def of_split(name: str, y: np.ndarray, tail: np.ndarray) -> list[Finding]:
    """The labels of the training part and of the rows held back: sorted data split badly.

    Looks at class numbers only; speaks up where a class is missing on one side, or where its share differs by more
    than 0.1 and by more than chance explains (four standard deviations).
    """
    y, tail = np.asarray(y), np.asarray(tail)
    if y.dtype.kind not in "iub" or y.ndim > 2 or (y.ndim == 2 and y.shape[1] != 1) or not y.size or not tail.size:
        return []
    classes, counts = np.unique(y, return_counts=True)
    there, held = np.unique(tail, return_counts=True)
    if max(len(classes), len(there)) > max(20, len(tail) // 5):  # numbers, rather than classes
        return []
    fix = "shuffle x and y together before fit, or pass validation_data"
    missing = np.setdiff1d(there, classes)
    if len(missing):
        return [Finding("tail-differs", name, f"labels that the training part lacks: {listed(missing)}", fix)]
    if len(there) == 1 < len(classes):
        return [Finding("tail-differs", name, f"one label only: {there[0]}", fix)]
    shares = dict(zip(classes.tolist(), (counts / y.size).tolist(), strict=True))
    held_shares = dict(zip(there.tolist(), (held / tail.size).tolist(), strict=True))
    for label, share in shares.items():
        other, total = held_shares.get(label, 0.0), y.size + tail.size
        both = (share * y.size + other * tail.size) / total
        chance = np.sqrt(both * (1 - both) * (1 / y.size + 1 / tail.size))
        if abs(share - other) > max(0.1, 4 * chance):
            return [
                Finding(
                    "tail-differs",
                    name,
                    f"label {label} is {share:.0%} of the training part, {other:.0%} of the rest",
                    fix,
                )
            ]
    return []


def listed(labels: np.ndarray) -> str:
    """Labels as text, the first eight."""
    return ", ".join(map(str, labels[:8].tolist())) + (", …" if len(labels) > 8 else "")
