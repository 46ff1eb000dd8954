"""A Python function becomes a graph: variables, assignments, gradients, and running step by step."""

import numpy as np
import pytest

import lamina
from lamina import ops
from lamina.errors import ShapeError, TraceError
from lamina.graph import verify
from lamina.trace import Generator, Trace, Variable, aligned, current, grad, run_concretely, trace, value_and_grad
from lamina.types import Type

V = Type("float32", (3,))
X = np.float32([1, 2, 3])


# ---- variables


def test_a_variable_copies_what_it_is_given_and_what_it_gives():
    start = np.ones(3, "float32")
    v = Variable(start)
    start[0] = 9
    v.numpy()[1] = 9
    v.value[2] = 9
    np.testing.assert_array_equal(v.array, [1, 1, 1])


def test_its_buffer_stays_and_its_version_grows():
    v = Variable(np.zeros(3, "float32"))
    buffer = v.array
    v.assign([1.0, 2.0, 3.0])
    v.assign_add(1)
    v.assign_sub([1.0, 1.0, 0.0])
    assert v.array is buffer
    assert v.version == 3
    np.testing.assert_array_equal(buffer, [1, 2, 4])
    assert buffer.ctypes.data % 64 == 0


@pytest.mark.parametrize("shape", [(), (3, 5), (1000,)])
def test_buffers_are_aligned(shape):
    assert aligned(shape, "float32").ctypes.data % 64 == 0


def test_another_shape_is_refused():
    v = Variable(np.zeros(3, "float32"), name="kernel")
    with pytest.raises(ShapeError, match="'kernel' cannot take another shape"):
        v.assign([1.0, 2.0])


def test_variables_take_part_in_arithmetic():
    v = Variable(np.float32([1, 4]))
    np.testing.assert_allclose(v * 2 + np.float32([1, 1]), [3, 9])
    np.testing.assert_allclose(np.float32([1, 1]) - v, [0, -3])
    np.testing.assert_allclose(ops.sqrt(v), [1, 2])
    assert float(Variable(np.float32(3))) == 3


# ---- tracing


def test_later_reads_see_what_was_assigned_and_the_last_value_is_stored():
    v = Variable(np.float32(1))

    def f(x):
        v.assign(v + 1)
        first = v * x
        v.assign(v * 10)
        return first, v * x

    traced = trace(f, [V])
    assert len(traced.bound.updates) == 1
    first, second = traced(X)
    np.testing.assert_allclose(first, 2 * X)
    np.testing.assert_allclose(second, 20 * X)
    assert float(v) == 20
    traced(X)
    assert float(v) == 210


def test_nothing_is_stored_while_tracing():
    v = Variable(np.float32(1))
    trace(lambda x: v.assign(v + x[0]) or x, [V])
    assert float(v) == 1
    assert current() is None


def test_the_graph_is_verified_and_inputs_are_arguments_then_state():
    v = Variable(np.float32(1))
    traced = trace(lambda x, y: x * v + y, [V, V], names=["x", "y"])
    verify(traced.graph)
    assert [x.name for x in traced.graph.inputs] == ["x", "y", "variable"]
    assert traced.bound.slots == [v]


def test_arrays_that_a_function_meets_are_captured_as_they_were():
    met = np.ones(3, "float32")
    traced = trace(lambda x: x + met, [V])
    met[...] = 100
    np.testing.assert_allclose(traced(X), X + 1)


def test_results_keep_their_structure():
    result = trace(lambda x: {"a": x, "b": [x * 2, (x * 3, None)]}, [V])(X)
    assert set(result) == {"a", "b"}
    np.testing.assert_allclose(result["b"][1][0], 3 * X)
    assert result["b"][1][1] is None


def test_an_error_while_tracing_leaves_no_trace_behind():
    with pytest.raises(ZeroDivisionError):
        trace(lambda x: 1 / 0, [V])
    assert current() is None


def test_assigning_a_symbolic_value_outside_of_its_trace():
    v, leaked = Variable(np.zeros(3, "float32")), []
    trace(lambda x: leaked.append(x * 2) or x, [V])
    with pytest.raises(TraceError, match="outside of its trace"):
        v.assign(leaked[0])


def test_random_numbers_need_a_generator_and_call_sites_differ():
    with pytest.raises(TraceError, match="generator"):
        trace(lambda x: Trace.random_source(current()) and x, [V])
    made = Trace(generator=Generator(3))
    with made:
        (seed, step, first), (again, _, second) = made.random_source(), made.random_source()
    assert seed is again
    assert first != second
    assert step.type == Type("uint32", ())


# ---- gradients


def test_value_and_gradient():
    value, dx = value_and_grad(lambda x: ops.sum(x * x))(X)
    assert value == 14
    np.testing.assert_allclose(dx, 2 * X)


def test_of_several_arguments_of_variables_and_with_more_results():
    w = Variable(np.float32([1, 1, 1]))
    da, db = grad(lambda a, b: ops.sum(a * b), (0, 1))(X, 2 * X)
    np.testing.assert_allclose([da, db], [2 * X, X])
    (loss, more), (dw,) = value_and_grad(lambda x: (ops.sum(w * x), {"twice": x * 2}), variables=[w], has_aux=True)(X)
    assert loss == 6
    np.testing.assert_allclose(more["twice"], 2 * X)
    np.testing.assert_allclose(dw, X)


def test_traced_once_for_each_shape():
    calls = []

    def f(x):
        calls.append(x.shape)
        return ops.sum(x * x)

    g = grad(f)
    g(X), g(X + 1), g(np.ones(5, "float32"))
    assert calls == [(3,), (5,)]


def test_gradients_of_gradients_inside_of_a_trace():
    hessian = grad(lambda x: ops.sum(grad(lambda y: ops.sum(y**3.0))(x) * np.float32([1, 0, 0])))
    np.testing.assert_allclose(hessian(X), [6, 0, 0])


def test_freezing_a_variable_traces_anew():
    calls, w = [], Variable(np.float32(2))

    def f(x):
        calls.append(1)
        return ops.sum(w * x)

    g = value_and_grad(f, variables=[w])
    g(X)
    w.trainable = False
    g(X)
    assert len(calls) == 2


# ---- step by step


def test_step_by_step_a_program_may_print_and_branch():
    seen = []

    def f(x):
        y = ops.sum(x)
        if y > 3:
            seen.append(float(y))
        return [y * 2, [float(v) for v in x]]

    result = run_concretely(lambda x: f(x)[0], [X])
    assert result == 12
    assert seen == [6]


def test_step_by_step_assignments_are_stored_at_the_end():
    v = Variable(np.float32(1))

    def f(x):
        v.assign(v + ops.sum(x))
        assert float(v.value) == 7
        return v * 2

    assert run_concretely(f, [X]) == 14
    assert float(v) == 7
    assert v.version == 1


def test_step_by_step_there_are_gradients():
    def f(x):
        loss = ops.sum(ops.exp(x))
        return lamina.gradients.gradients([loss], [x])[0]

    np.testing.assert_allclose(run_concretely(f, [X]), np.exp(X), rtol=1e-6)


@pytest.mark.parametrize("backend", ["reference", "xla"])
def test_steps_in_a_row_take_rows_in_the_given_order(backend):
    v = Variable(np.float32(0))

    def step(batch):
        v.assign(v * 10 + ops.sum(batch))
        return v * 1.0

    program = trace(step, [Type("float32", (2,))]).program(backend)
    source, order = np.arange(6, dtype="float32"), np.array([5, 0, 1, 2, 4, 3])
    (last,) = program.run_steps([source], order, 0, 3)
    assert float(v) == last == 5 * 100 + 3 * 10 + 7
