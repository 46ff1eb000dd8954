"""Shape rules written as NumPy generalised-ufunc signatures, e.g. ``(m,k),(k,n)->(m,n)``.

One string is the check, the inferred shape, the error message and the line in the docs.
Dimensions to the left of the named ones are batch dimensions and must be equal.
"""

from __future__ import annotations

import re
from functools import cache

from .errors import dtype_error, shape_error
from .types import Type


@cache
def parse(signature: str) -> tuple[list[list[str]], list[str]]:
    """The named dimensions of each input, and of the result."""
    left, right = signature.replace(" ", "").split("->")
    groups = [[d for d in g.split(",") if d] for g in re.findall(r"\(([^)]*)\)", left)]
    (result,) = [[d for d in g.split(",") if d] for g in re.findall(r"\(([^)]*)\)", right)]
    return groups, result


def infer(op, signature: str, types: tuple[Type, ...]) -> Type:
    """The Type of the result, or a ShapeError that names the dimension that does not fit."""
    groups, result = parse(signature)
    size: dict[str, int] = {}
    batch = None
    if len({t.dtype for t in types}) > 1:
        raise dtype_error(op, "inputs differ in dtype", got=types, want="one dtype", fix="cast one of them")
    for position, (dims, type) in enumerate(zip(groups, types, strict=True)):
        if type.rank < len(dims):
            raise shape_error(
                op,
                f"input {position} has {type.rank} dimensions, needs at least {len(dims)}",
                got=types,
                want=signature,
            )
        lead = type.shape[: type.rank - len(dims)]
        if batch is not None and lead != batch:
            raise shape_error(
                op,
                f"batch dimensions differ: {batch} and {lead}",
                got=types,
                want=signature,
                fix="reshape or expand one input so that the leading dimensions agree",
            )
        batch = lead
        for name, n in zip(dims, type.shape[len(lead) :], strict=True):
            if size.setdefault(name, n) != n:
                raise shape_error(
                    op, f"dimension {name} is {size[name]} in one input and {n} in another", got=types, want=signature
                )
    return types[0].with_shape(*(batch or ()), *(size[d] for d in result))
