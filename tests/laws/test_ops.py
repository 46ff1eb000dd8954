"""The contract of every op, over every one of its samples. A new op is tested here the moment it exists."""

import draws
import jax
import numpy as np
import pytest
from draws import Sample, all_samples, bound, compilers, drawn, strided

from lamina import ops
from lamina.composite import Composite, inline
from lamina.errors import LaminaError
from lamina.gradients import gradients
from lamina.graph import Graph, parse, placeholder, verify
from lamina.op import OPS, Op, evaluate
from lamina.ops.conv import Conv
from lamina.passes import drop, fold, share, simplify

SAMPLES = all_samples()
SMOOTH = [p for p in SAMPLES if p.values[0].differentiable and p.values[0].op.slope != "declared"]
DIFFERENTIABLE = [p for p in SAMPLES if p.values[0].differentiable]
REJECTS = [pytest.param(op, *r, id=f"{name}-{i}") for name, op in OPS.items() for i, r in enumerate(op.rejects)]
COMPOSITES = [p for p in DIFFERENTIABLE if isinstance(p.values[0].op, Composite)]


def values(graph, arrays):
    """The outputs by the reference; float64 inputs give float64 results."""
    with np.errstate(all="ignore"):
        return [np.asarray(v) for v in evaluate(inline(graph), np, arrays)]


def assert_close(got, want, tolerance, what="", least=1e-30):
    """Within ``tolerance`` of the largest finite element, or of ``least``; infinities and NaN in the same places."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, wanted {want.shape}"
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, err_msg=what)
        return
    finite = np.isfinite(want)
    np.testing.assert_array_equal(got[~finite], want[~finite].astype(got.dtype), err_msg=what)
    largest = np.max(np.abs(want[finite]), initial=least)
    np.testing.assert_allclose(got[finite], want[finite], rtol=0, atol=tolerance * largest, err_msg=what)


# ---- values


@pytest.mark.parametrize("sample", SAMPLES)
def test_inferred_types_are_those_of_the_values(sample: Sample, rng):
    xs, ys = sample.program()
    for draw in (draws.plain, draws.repeats):
        arrays = drawn(draw, sample, rng)
        with np.errstate(all="ignore"):
            result = sample.op(*arrays, **sample.attrs)
        result = result if isinstance(result, tuple) else (result,)
        raw = values(Graph(xs, ys), arrays)
        for y, eager, value in zip(ys, result, raw, strict=True):
            assert (str(eager.dtype), eager.shape) == (y.dtype, y.shape)
            assert (str(np.asarray(value).dtype), np.shape(value)) == (y.dtype, y.shape)


@pytest.mark.parametrize("compile", compilers())
@pytest.mark.parametrize("sample", SAMPLES)
def test_backends_agree_with_the_reference(sample: Sample, compile, rng):
    graph = sample.graph()
    program = compile(bound(graph))
    for draw in draws.TAME:
        arrays = drawn(draw, sample, rng)
        exact = [a.astype("float64") if a.dtype == np.float32 else a for a in arrays]
        single, double = values(graph, arrays), values(graph, exact)
        # the parts of a composite cancel: what is left is known as well as what came in
        least = (
            0.1 * max((np.abs(a).max(initial=0) for a in exact), default=0)
            if isinstance(sample.op, Composite)
            else 1e-30
        )
        for got, y, f32, f64 in zip(program.run(*map(strided, arrays)), graph.outputs, single, double, strict=True):
            assert (str(got.dtype), got.shape) == (y.dtype, y.shape)
            overflows = not np.array_equal(np.isfinite(f32), np.isfinite(f64)) or y.dtype != "float32"
            assert_close(got, f32 if overflows else f64, sample.op.tolerance, f"{draw.__name__}: {arrays}", least)
    for draw in (draw for draw in draws.WILD if draw.__name__ in sample.op.extremes):
        arrays = drawn(draw, sample, rng)
        for got, want in zip(program.run(*arrays), values(graph, arrays), strict=True):
            assert_close(got, want, 10 * sample.op.tolerance, f"{draw.__name__}: {arrays}")


@pytest.mark.parametrize("compile", compilers())
@pytest.mark.parametrize("sample", [p for p in SAMPLES if isinstance(p.values[0].op, Conv)])
def test_what_is_not_finite_in_an_image_spreads_over_its_windows(sample: Sample, compile, rng):
    graph = sample.graph()
    program = compile(bound(graph))
    for draw in (draws.special, draws.huge):
        arrays = [drawn(draw, sample, rng)[0], drawn(draws.plain, sample, rng)[1]]
        for got, want in zip(program.run(*arrays), values(graph, arrays), strict=True):
            assert_close(got, want, 10 * sample.op.tolerance, f"{draw.__name__}: {arrays}")


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_way_an_array_lies_in_memory_does_not_matter(sample: Sample, rng):
    arrays = drawn(draws.plain, sample, rng)
    for got, want in zip(
        values(sample.graph(), [strided(a) for a in arrays]), values(sample.graph(), arrays), strict=True
    ):
        assert_close(got, want, 1e-6)


# ---- derivatives


def derivative(sample: Sample):
    """Inputs, seeds, the scalar sum(seed * y), and its gradients with respect to the float inputs and the seeds."""
    xs, ys = sample.program()
    ys = [y for y in ys if y.type.is_float]
    seeds = [placeholder(y.type) for y in ys]
    scalar = total([ops.multiply(y, s) for y, s in zip(ys, seeds, strict=True)])
    floats = [x for x in xs if x.type.is_float]
    return xs, seeds, scalar, [*floats, *seeds], gradients([scalar], [*floats, *seeds])


def total(nodes):
    result = ops.sum(nodes[0])
    for n in nodes[1:]:
        result = ops.add(result, ops.sum(n))
    return result


def assert_slope(inputs, scalar, wrt, grads, arrays, rng, what):
    """The gradients agree with a central difference of the scalar in a random direction of each input, in float64."""
    value = inline(Graph(inputs, [scalar]))
    found = values(Graph(inputs, grads), arrays)
    for x, dx in zip(wrt, found, strict=True):
        i = inputs.index(x)
        direction = rng.normal(size=x.shape)
        up, down = ([a + s * 1e-6 * direction if j == i else a for j, a in enumerate(arrays)] for s in (1, -1))
        numeric = (values(value, up)[0] - values(value, down)[0]) / 2e-6
        exact, scale = np.sum(dx * direction), np.sum(np.abs(dx * direction))
        assert abs(exact - numeric) <= 2e-6 * scale + 1e-8 * max(1.0, abs(values(value, arrays)[0])), (
            f"{what} {x}: {exact}, by differences {numeric}"
        )


def float64s(sample, draw, rng, seeds):
    return [*drawn(draw, sample, rng, "float64"), *(rng.normal(size=s.shape) for s in seeds)]


@pytest.mark.parametrize("sample", SMOOTH)
def test_the_derivative_agrees_with_finite_differences(sample: Sample, rng):
    xs, seeds, scalar, wrt, grads = derivative(sample)
    for draw in (draws.plain, *([draws.ties, draws.repeats] if sample.op.slope == "exact" else [])):
        assert_slope([*xs, *seeds], scalar, wrt, grads, float64s(sample, draw, rng, seeds), rng, draw.__name__)


@pytest.mark.parametrize("sample", SMOOTH)
def test_the_second_derivative_agrees_with_finite_differences_of_the_first(sample: Sample, rng):
    xs, seeds, _, wrt, grads = derivative(sample)
    weights = [placeholder(g.type) for g in grads]
    scalar = total([ops.multiply(g, w) for g, w in zip(grads, weights, strict=True)])
    inputs = [*xs, *seeds, *weights]
    for draw in (draws.plain, *([draws.ties] if sample.op.slope == "exact" else [])):
        arrays = float64s(sample, draw, rng, [*seeds, *weights])
        assert_slope(inputs, scalar, wrt, gradients([scalar], wrt), arrays, rng, f"second, {draw.__name__}")


@pytest.mark.parametrize("sample", SMOOTH)
def test_the_derivative_agrees_with_jax(sample: Sample, rng):
    """JAX differentiates our XLA formula by itself: an exact second opinion, also where differences lie."""
    xs, seeds, _, _, grads = derivative(sample)
    graph, floats = inline(sample.graph()), [i for i, t in enumerate(sample.types) if t.is_float]

    def ours(arrays):
        return [
            y for y, node in zip(evaluate(graph, jax.numpy, arrays), graph.outputs, strict=True) if node.type.is_float
        ]

    @jax.jit
    def theirs(arrays, dys):
        def f(*chosen):
            full = list(arrays)
            for i, c in zip(floats, chosen, strict=True):
                full[i] = c
            return ours(full)

        return jax.vjp(f, *(arrays[i] for i in floats))[1](dys)

    for draw in (draws.plain, *([draws.ties, draws.repeats] if sample.op.slope == "exact" else [])):
        arrays = drawn(draw, sample, rng)
        dys = [rng.normal(size=s.shape).astype("float32") for s in seeds]
        mine = values(Graph([*xs, *seeds], grads[: len(floats)]), [*arrays, *dys])
        for got, want in zip(mine, theirs(arrays, dys), strict=True):
            assert_close(got, np.asarray(want), max(2e-5, 2 * sample.op.tolerance), draw.__name__, least=0.1)


@pytest.mark.parametrize("sample", COMPOSITES)
def test_a_composite_and_its_body_have_one_derivative(sample: Sample, rng):
    xs, seeds, *_, grads = derivative(sample)
    seeds_of = iter(seeds)
    node = sample.op.node(xs, sample.attrs)
    dys = [next(seeds_of) if t.is_float else None for t in node.types]
    body = sample.op.vjp_of_body(tuple(dys) if len(dys) > 1 else dys[0], *xs, **sample.attrs)
    wanted = [b for x, b in zip(xs, body, strict=True) if x.type.is_float]
    for draw in (draws.plain, draws.ties, draws.repeats):
        arrays = float64s(sample, draw, rng, seeds)
        both = values(Graph([*xs, *seeds], [*grads[: len(wanted)], *wanted]), arrays)
        for got, want in zip(both[: len(wanted)], both[len(wanted) :], strict=True):
            assert_close(got, want, 1e-7, draw.__name__)


# ---- graphs


def with_gradient(sample: Sample):
    xs, ys = sample.program()
    if not sample.differentiable:
        return Graph(xs, ys)
    xs, seeds, scalar, _, grads = derivative(sample)
    return Graph([*xs, *seeds], [scalar, *grads])


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_graph_is_its_text(sample: Sample):
    for graph in (sample.graph(), with_gradient(sample)):
        again = parse(str(graph), OPS)
        assert str(again) == str(graph)
        verify(again)


@pytest.mark.parametrize("sample", SAMPLES)
def test_passes_keep_the_rules_and_the_values(sample: Sample, rng):
    graph = verify(with_gradient(sample))
    arrays = [
        draws.plain(sample.op, x.type, rng).astype("float64" if x.type.is_float else x.dtype) for x in graph.inputs
    ]
    wanted = values(graph, arrays)
    for rewritten in (
        verify(fold(graph)),
        verify(share(graph)),
        verify(drop(graph)),
        verify(inline(graph)),
        verify(simplify(inline(graph))),
    ):
        assert [y.type for y in rewritten.outputs] == [y.type for y in graph.outputs]
        for got, want in zip(values(rewritten, arrays), wanted, strict=True):
            assert_close(got, want, 1e-12)


# ---- words


@pytest.mark.parametrize(("op", "types", "attrs", "words"), REJECTS)
def test_what_is_refused_is_explained(op, types, attrs, words):
    with pytest.raises(LaminaError, match=words):
        op(*map(placeholder, types), **attrs)
    with pytest.raises(LaminaError, match=words):
        op(*(np.zeros(t.shape, t.dtype) for t in types), **attrs)


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
def test_every_op_is_documented_and_sampled(op):
    assert "__doc__" in vars(type(op)), f"{op.name} has no docstring"
    reads_whole_results = type(op).types is not Op.types  # item: it needs a node of several results before it
    assert op.samples or reads_whole_results, f"{op.name} has no samples"
    assert op.slope in ("exact", "kinked", "declared")
    for _, attrs in op.samples:
        assert {k for k, v in attrs.items() if isinstance(v, Graph)} == set(op.programs)
