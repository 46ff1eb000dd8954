"""Convolution and pooling: geometry as the engine takes it, and kernels in panels.

The engine gets the geometry as integers: groups, then for each spatial axis the size of the image, the size of the
window, stride, dilation, the padding before, and the number of windows.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING

from ...graph import Node
from ...types import Type
from . import winograd
from .draft import Draft, Product
from .pooling import is_op, key
from .views import View, fresh, row_major, unshaped

if TYPE_CHECKING:
    from .fuse import Group
    from .plan import Planner

SPARSE = 4  # cells of a window of max-pooling from which its gradient counts as mostly zero


def geometry(attrs: dict, image: Iterable[int], size: Iterable[int], windows: Iterable[int]) -> list[int]:
    """The integers of a convolution or pooling."""
    axes = len(attrs["strides"])
    dilation = attrs.get("dilation", (1,) * axes)
    low = (pair[0] for pair in attrs["padding"])
    rows = zip(image, size, attrs["strides"], dilation, low, windows, strict=True)
    return [attrs.get("groups", 1), *(int(n) for row in rows for n in row)]


def geometry_of(node: Node) -> list[int]:
    """The integers of any op that slides a window, by what it computes from what."""
    assert node.op is not None
    shapes = [x.shape for x in node.inputs]
    name, size = node.op.name, node.attrs.get("size", ())
    if name.startswith("conv"):
        image, kernel, windows = {
            "conv": (shapes[0], shapes[1], node.shape),
            "conv_input_grad": (node.shape, shapes[1], shapes[0]),
            "conv_kernel_grad": (shapes[0], node.shape, shapes[1]),
        }[name]
        size = kernel[:-2]
    else:
        image = node.shape if name == "sum_pool_grad" else shapes[0]
        windows = shapes[-1] if name.endswith("_grad") else node.shape
    return geometry(node.attrs, image[1:-1], size, windows[1:-1])


def convolution(planner: Planner, node: Node) -> Product:
    """A convolution or its derivative by the input, as a product of pixels and the kernel."""
    assert node.op is not None
    backward = node.op.kernel == "conv_input_grad"
    if node.inputs[0] in planner.never_made:
        return pooled_input_grad(planner, node)
    source, kernel = (planner.contiguous(planner.view(x)) for x in node.inputs)
    image, windows = (node.shape, source.shape) if backward else (source.shape, node.shape)
    size = kernel.shape[:-2]
    ints = geometry(node.attrs, image[1:-1], size, windows[1:-1])
    shape = (prod(node.shape[:-1]), node.shape[-1])
    if is_pointwise(ints):
        source, ints = in_a_row(source), row_of_pixels(shape[0])
    groups, channels, filters = ints[0], *kernel.shape[-2:]
    if channels == 1 and groups > 1 and (filters == groups or not backward):
        return Product(str(node.op.kernel), [source, kernel], ints, shape)
    sparse = backward and mostly_zero(planner, node.inputs[0])
    if not sparse and winograd.pays(ints, source.shape[0], kernel.shape, backward):
        return winograd.convolution(planner, source, kernel, ints, shape, backward)
    packed = planner.pack((turned if backward else grouped)(kernel, groups), transient=True)
    assert packed is not None
    return Product(str(node.op.kernel), [source, packed], ints, shape)


def in_tiles(node: Node) -> bool:
    """Whether a convolution takes Winograd's products."""
    x, kernel = node.inputs
    ints = geometry(node.attrs, x.shape[1:-1], kernel.shape[:-2], node.shape[1:-1])
    return winograd.pays(ints, x.shape[0], kernel.shape, False)


def mostly_zero(planner: Planner, dy: Node) -> bool:
    """Whether a gradient comes from max-pooling without overlap: the direct form multiplies only what is not zero."""
    group = planner.group_of.get(unshaped(dy))
    root = group.root if group is not None else None
    if root is None or root.op is None or root.op.kernel != "max_pool_grad":
        return False
    return prod(root.attrs["size"]) >= SPARSE and root.attrs["size"] <= root.attrs["strides"]


def is_pointwise(ints: list[int]) -> bool:
    """Whether each window is one pixel, and each pixel one window: a product of matrices."""
    axes = [ints[i : i + 6] for i in range(1, len(ints), 6)]
    return ints[0] == 1 and all(a[1] == a[2] == 1 and a[4] == 0 and a[0] == a[5] for a in axes)


def in_a_row(image: View) -> View:
    """All pixels of all images side by side, as one image of one axis."""
    shape = (1, prod(image.shape[:-1]), image.shape[-1])
    return image.with_layout(shape, row_major(shape))


def row_of_pixels(count: int) -> list[int]:
    return [1, count, 1, 1, 1, 0, count]


def grouped(kernel: View, groups: int) -> View:
    """(window…, channels, filters) as a matrix for each group: window and channels by filters."""
    rows, filters = prod(kernel.shape[:-1]), kernel.shape[-1]
    each = filters // groups
    return kernel.with_layout((groups, rows, each), (each, filters, 1))


def turned(kernel: View, groups: int) -> View:
    """The same as a matrix for each group and place in the window: filters by channels."""
    places, channels, filters = prod(kernel.shape[:-2]), *kernel.shape[-2:]
    each = filters // groups
    return kernel.with_layout((groups, places, each, channels), (each, channels * filters, 1, filters))


def kernel_grad(planner: Planner, node: Node) -> None:
    if node.inputs[1] in planner.never_made:
        x, dy = planner.contiguous(planner.view(node.inputs[0])), node.inputs[1]
        views, ints = pooled(planner, dy, geometry(node.attrs, x.shape[1:-1], node.shape[:-2], dy.shape[1:-1]))
        planner.add(Draft("pooled_kernel_grad", [*views, x], [planner.place_of(node)], ints, nodes=[node]))
        return
    x, dy = (planner.contiguous(planner.view(v)) for v in node.inputs)
    ints = geometry(node.attrs, x.shape[1:-1], node.shape[:-2], dy.shape[1:-1])
    place = planner.place_of(node)
    if not mostly_zero(planner, node.inputs[1]) and winograd.pays(ints, x.shape[0], node.shape, False):
        tiles = winograd.tiling(ints, False)
        return planner.add(Draft("winograd_kernel_grad", [x, dy], [place], tiles, nodes=[node]))
    if is_pointwise(ints):
        x, dy, ints = in_a_row(x), in_a_row(dy), row_of_pixels(prod(x.shape[:-1]))
        place = place.with_layout((1, *place.shape[-2:]), (0, *place.strides[-2:]))
    planner.add(Draft("conv_kernel_grad", [x, dy], [place], ints, nodes=[node]))


def max_pool(planner: Planner, node: Node) -> None:
    """Max-pooling, unless the convolution before it has done that."""
    group = planner.group_of.get(node.inputs[0])
    if group is not None and planner.pooled.get(group) is node:
        return
    image = planner.contiguous(planner.view(node.inputs[0]))
    ints = geometry(node.attrs, image.shape[1:-1], node.attrs["size"], node.shape[1:-1])
    planner.add(Draft("max_pool", [image], pooled_places(planner, node), ints, nodes=[node]))


def pooled_places(planner: Planner, node: Node) -> list[View]:
    """Where max-pooling writes: its values and, where a gradient comes back, the numbers of the largest cells."""
    x = node.inputs[0]
    outs = [planner.place_of(node)]
    if any(is_op(m, "max_pool_grad") and key(m.inputs[0], m.attrs) == key(x, node.attrs) for m in planner.reads[x]):
        outs.append(places_like(node.shape, node.attrs["size"]))
        planner.places_of_largest[key(x, node.attrs)] = outs[1]
    return outs


def conv_max_pool(planner: Planner, group: Group) -> None:
    """A convolution, its chain and the max-pooling of their result in one instruction."""
    node, root = planner.pooled[group], group.root
    assert root is not None
    source, kernel = (planner.contiguous(planner.view(x)) for x in root.inputs)
    ints = geometry(root.attrs, source.shape[1:-1], kernel.shape[:-2], root.shape[1:-1])
    ints += geometry(node.attrs, root.shape[1:-1], node.attrs["size"], node.shape[1:-1])
    packed = planner.pack(grouped(kernel, 1), transient=True)
    assert packed is not None
    chain = planner.chain_of(group, (prod(root.shape[:-1]), root.shape[-1]))
    if len(group.nodes) > 1:
        chain.output(node.inputs[0], source)  # in name only: it takes the product's place, and is pooled there
    draft = Draft("conv_max_pool", [source, packed, *chain.inputs], pooled_places(planner, node), ints)
    draft.chain = chain.finished() if len(group.nodes) > 1 else None
    draft.nodes = [*group.nodes, node]
    planner.add(draft)


def places_like(shape: tuple[int, ...], size: tuple[int, ...]) -> View:
    """Room for the number of a cell for each window and channel."""
    return fresh(Type("uint8" if prod(size) < 255 else "int32", shape))


def places_of(planner: Planner, node: Node) -> View:
    """Where the largest elements were, for the gradient of a max-pooling."""
    x, dy = node.inputs
    found = planner.places_of_largest.get(key(x, node.attrs))
    if found is None:
        image = planner.contiguous(planner.view(x))
        ints = geometry(node.attrs, image.shape[1:-1], node.attrs["size"], dy.shape[1:-1])
        found = planner.places_of_largest[key(x, node.attrs)] = places_like(dy.shape, node.attrs["size"])
        planner.add(Draft("max_pool", [image], [fresh(dy.type), found], ints))
    return found


def largest_grad(planner: Planner, node: Node) -> Product:
    """The gradient of max-pooling; a chain may follow."""
    dy = planner.contiguous(planner.view(node.inputs[1]))
    ints = geometry(node.attrs, node.shape[1:-1], node.attrs["size"], dy.shape[1:-1])
    return Product("max_pool_grad", [places_of(planner, node), dy], ints, (prod(node.shape[:-1]), node.shape[-1]))


def later(planner: Planner, node: Node) -> None:
    """Nothing: those who read the image of gradients read what it is made of."""
    assert node in planner.never_made, f"{node} has nobody to compute it"


def pooled(planner: Planner, dy: Node, conv: list[int]) -> tuple[list[View], list[int]]:
    """The operands that stand for a gradient behind max-pooling, and both geometries."""
    numbers = planner.contiguous(planner.view(dy.inputs[1]))
    ints = geometry(dy.attrs, dy.shape[1:-1], dy.attrs["size"], numbers.shape[1:-1])
    return [numbers, places_of(planner, dy)], [*conv, *ints]


def pooled_input_grad(planner: Planner, node: Node) -> Product:
    dy, kernel = node.inputs[0], planner.contiguous(planner.view(node.inputs[1]))
    views, ints = pooled(planner, dy, geometry(node.attrs, node.shape[1:-1], kernel.shape[:-2], dy.shape[1:-1]))
    packed = planner.pack(turned(kernel, 1), transient=True)
    assert packed is not None
    return Product("pooled_input_grad", [*views, packed], ints, (prod(node.shape[:-1]), node.shape[-1]))


def pool(planner: Planner, node: Node) -> None:
    """Pooling of an image, or the gradient of a sum: the image is what is pooled, the windows are what comes of it."""
    assert node.op is not None
    views = [planner.contiguous(planner.view(x)) for x in node.inputs]
    gradient = str(node.op.kernel).endswith("_grad")
    image, windows = (node.shape, views[-1].shape) if gradient else (views[0].shape, node.shape)
    ints = geometry(node.attrs, image[1:-1], node.attrs["size"], windows[1:-1])
    planner.add(Draft(str(node.op.kernel), views, [planner.place_of(node)], ints, nodes=[node]))
