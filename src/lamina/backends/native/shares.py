"""Shares of a long k: a product of the data with a weight that the step changes, divided along the weight's rows.

Where two cores share no cache, a line that one wrote and the other reads is waited for. An optimizer writes a weight by
rows, the first ones on the first core. A product divided by rows of the batch reads all of them on each core, from
panels that both packed. Divided by rows of the weight it reads on each core what that core wrote; what crosses are the
sums of the shares, small where k is long. The chain behind the product adds them up. See docs/decisions/0029.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from .draft import Draft
from .stretches import LEAST_ROWS, WEIGHTS
from .views import Storage, View

SHARES = 2  # of k, for as many caches; each is several units
LONG = 1.5  # times as long as the shares have rows together: a weight larger than the sums
LEAST = 64 << 10  # bytes of a weight that is worth it
LINE = 16  # floats of a line of a cache: no two shares write one


def share(drafts: Sequence[Draft], data: Collection[Storage], written: Collection[Storage]) -> list[Draft]:
    """The drafts, with products of ``data`` and of weights that are ``written`` in shares where that pays."""
    touching = Counter(storage for draft in drafts for storage in set(draft.storages()))
    packs = {d.outs[0].storage: d for d in drafts if d.kernel == "pack" and d.ins[0].storage in written}
    made: dict[int, list[Draft]] = {}
    for draft in drafts:
        if draft.kernel != "gemm" or draft.ins[0].storage not in data:
            continue
        pack = packs.get(draft.ins[1].storage)
        alone = pack is not None and touching[pack.outs[0].storage] == 2
        if pack is not None and alone and pays(draft, pack.ins[0]):
            made[id(pack)] = []  # the shares read the weight where it is
            made[id(draft)] = in_shares(draft, pack.ins[0])
    return [d for draft in drafts for d in made.get(id(draft), [draft])]


def pays(draft: Draft, weight: View) -> bool:
    """Whether a product is divided: its shape and layout say, so no bit depends on threads or on who else reads."""
    a = draft.ins[0]
    if len(a.shape) != 2 or a.strides[1] != 1 or len(weight.shape) != 2 or weight.strides[1] != 1:
        return False
    rows, k = a.shape
    return rows >= 2 * LEAST_ROWS and k >= LONG * SHARES * rows and LEAST <= 4 * weight.size <= WEIGHTS


def in_shares(draft: Draft, weight: View) -> list[Draft]:
    """The product's shares, what k leaves over as one more, and the chain that adds them up."""
    a, (k, columns) = draft.ins[0], weight.shape
    rows, depth, rest = a.shape[0], k // SHARES, k % SHARES
    count = SHARES + (rest > 0)
    apart = columns + -columns % LINE
    sums = View(Storage(4 * rows * count * apart), "float32", (rows, columns), (count * apart, 1))

    def product(first: int, n: int, depth: int) -> Draft:
        start, (step, _) = first * (k // SHARES), weight.strides
        ins = [
            a.with_layout((n, rows, depth), (depth, *a.strides), a.offset + start),
            weight.with_layout((n, depth, columns), (depth * step, *weight.strides), weight.offset + start * step),
        ]
        out = sums.with_layout((n, rows, columns), (apart, *sums.strides), first * apart)
        return Draft("gemm", ins, [out], [0, *draft.ints[1:]], nodes=[] if first else draft.nodes[:1])

    products = [product(0, SHARES, depth), *([product(SHARES, 1, rest)] if rest else [])]
    return [*products, added(draft, [sums.with_layout(sums.shape, sums.strides, i * apart) for i in range(count)])]


def added(draft: Draft, sums: list[View]) -> Draft:
    """What came behind a product, as a chain that begins with the sum of its shares."""
    chain = draft.chain or {"shape": draft.outs[0].shape, "steps": [], "n_registers": 0}
    ins, more = [*sums, *draft.ins[2:]], len(sums) - 1
    # Registers are inputs, outputs, temporaries. The product was the first; its sum is the last, or the only output.
    total = len(ins) + len(draft.outs) + chain["n_registers"] if chain["steps"] else len(ins)

    def moved(source):
        return source if not isinstance(source, int) else total if source == 0 else source + more

    steps = [("add", "float32", [total if i > 1 else 0, i], total) for i in range(1, len(sums))]
    steps += [(name, dtype, [moved(s) for s in sources], moved(to)) for name, dtype, sources, to in chain["steps"]]
    registers = chain["n_registers"] + bool(chain["steps"])
    return replace(
        draft,
        kernel="map",
        ins=ins,
        ints=[],
        chain={**chain, "steps": steps, "n_registers": registers},
        nodes=draft.nodes[1:],
    )
