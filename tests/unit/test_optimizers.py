"""Optimizers beyond the recorded steps: state, settings in mid-training, constraints, own rules, names, errors."""

import inspect

import numpy as np
import pytest

import lamina
from lamina import optimizers
from lamina.errors import ArgumentError, ShapeError
from lamina.optimizers import schedules
from lamina.optimizers.scalars import whole_division
from lamina.trace import trace
from lamina.types import Type

CLASSES = sorted(set(optimizers.registry.known.values()), key=lambda c: c.__name__)
RATES = {"Adadelta": 10.0, "Adagrad": 0.3, "Ftrl": 0.3}
rng = np.random.default_rng(7)


def variables():
    made = [lamina.Variable(rng.normal(size=(3, 2)), name="kernel"), lamina.Variable(rng.normal(size=2), name="bias")]
    for v in made:
        v.path = f"dense/{v.name}"
    return made


def gradients(some):
    return [rng.normal(size=v.shape).astype("float32") for v in some]


def program_of(optimizer, some, backend="reference"):
    def step(*grads):
        optimizer.apply(list(grads), some)
        return []

    return trace(step, [v.type for v in some]).program(backend).run


# ---- every class


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
class TestEveryOptimizer:
    def test_it_finds_the_bottom_of_a_bowl(self, cls):
        optimizer, weight = cls(learning_rate=RATES.get(cls.__name__, 0.05)), lamina.Variable([2.0, -3.0])
        bowl = lamina.value_and_grad(lambda: lamina.ops.sum(lamina.ops.square(weight.value)), variables=[weight])

        def step():
            loss, grads = bowl()
            optimizer.apply(grads, [weight])
            return loss

        run = trace(step, []).program("reference").run
        first = float(run()[0])
        for _ in range(300):
            last = float(run()[0])
        assert last < first / 10

    def test_all_state_is_variables_with_paths(self, cls):
        optimizer, some = cls(learning_rate=0.1, use_ema=True), variables()
        optimizer.build(some)
        paths = [v.path for v in optimizer.variables]
        assert paths[:2] == ["optimizer/iterations", "optimizer/learning_rate"]
        assert len(set(paths)) == len(paths)
        assert "optimizer/average/dense/kernel" in paths
        assert all(p.startswith("optimizer/") for p in paths)
        assert not any(v.trainable for v in optimizer.variables)

    def test_state_moves_to_another_optimizer(self, cls):
        first, second = (cls(learning_rate=0.1, weight_decay=0.1) for _ in range(2))
        a, b = variables(), variables()
        first.build(a)
        second.build(b)
        steps = [gradients(a) for _ in range(6)]
        for grads in steps[:3]:
            first.apply(grads, a)
        for source, target in zip([*a, *first.variables], [*b, *second.variables], strict=True):
            target.assign(source.numpy())
        for grads in steps[3:]:
            first.apply(grads, a)
            second.apply(grads, b)
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x.numpy(), y.numpy())

    def test_the_signature_shows_all_arguments(self, cls):
        names = list(inspect.signature(cls).parameters)
        assert names[0] == "learning_rate"
        assert names[-1] == "name"
        assert {*optimizers.optimizer.SHARED} < {*names}
        assert not {"shared", "options"} & {*names}

    def test_round_trip(self, cls):
        optimizer = cls(learning_rate=0.25, weight_decay=0.5, global_clipnorm=2.0, name="own")
        config = optimizers.serialize(optimizer)
        assert config["config"]["global_clipnorm"] == 2.0
        assert optimizers.serialize(optimizers.deserialize(config)) == config
        assert type(optimizers.get(cls.__name__.lower())) is cls


# ---- settings


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_a_new_learning_rate_takes_effect_at_the_next_step(backend):
    optimizer, weight = optimizers.SGD(learning_rate=1.0), lamina.Variable([0.0])
    run = program_of(optimizer, [weight], backend)
    one = np.ones(1, "float32")
    run(one)
    optimizer.learning_rate = 0.25
    run(one)
    optimizer.learning_rate.assign(0.5)
    run(one)
    assert weight.numpy() == -1.75
    assert int(optimizer.iterations) == 3


def test_a_schedule_is_part_of_the_program():
    rate = schedules.PiecewiseConstantDecay([1], [1.0, 0.5])
    optimizer, weight = optimizers.SGD(learning_rate=rate), lamina.Variable([0.0])
    run = program_of(optimizer, [weight])
    for _ in range(4):
        run(np.ones(1, "float32"))
    assert weight.numpy() == -3.0
    assert float(optimizer.learning_rate) == 0.5
    with pytest.raises(ArgumentError, match="follows a schedule"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = schedules.CosineDecay(2.0, 10)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config()["learning_rate"]["class_name"] == "CosineDecay"


def test_a_function_as_learning_rate():
    optimizer, weight = optimizers.SGD(learning_rate=lambda: 0.5), lamina.Variable([0.0])
    optimizer.apply([np.ones(1, "float32")], [weight])
    assert weight.numpy() == -0.5
    optimizer = optimizers.SGD(learning_rate=1.0)
    optimizer.learning_rate = schedules.CosineDecay(2.0, 10)
    assert [v.name for v in optimizer.variables] == ["iterations"]


def test_constraints_hold_after_each_step():
    weight = lamina.Variable([0.1, 0.1])
    weight.constraint = lambda w: lamina.ops.maximum(w, 0.0)
    optimizers.SGD(learning_rate=1.0).apply([np.array([1.0, -1.0], "float32")], [weight])
    np.testing.assert_allclose(weight.numpy(), [0.0, 1.1], rtol=1e-6)


def test_a_gradient_may_be_missing():
    a, b = variables()
    before = b.numpy()
    optimizers.Adam().apply([np.ones(a.shape, "float32"), None], [a, b])
    np.testing.assert_array_equal(b.numpy(), before)


def test_variables_may_join_later():
    a, b = variables()
    optimizer = optimizers.Adam(learning_rate=0.1)
    optimizer.apply(gradients([a]), [a])
    optimizer.apply(gradients([a, b]), [a, b])
    optimizer.apply(gradients([b]), [b])
    assert [v.path for v in optimizer.variables][2:] == [
        "optimizer/momentum/dense/kernel",
        "optimizer/velocity/dense/kernel",
        "optimizer/momentum/dense/bias",
        "optimizer/velocity/dense/bias",
    ]


def test_apply_gradients_takes_pairs():
    a, b = lamina.Variable([1.0]), lamina.Variable([2.0])
    optimizer = optimizers.SGD(learning_rate=1.0)
    optimizer.apply_gradients((np.ones(1, "float32"), v) for v in (a, b))
    assert (float(a.numpy()[0]), float(b.numpy()[0])) == (0.0, 1.0)


def test_clipping_keeps_the_direction():
    g = np.array([3.0, 4.0], "float32")
    for options, want in (
        ({"clipnorm": 1.0}, [-0.6, -0.8]),
        ({"global_clipnorm": 1.0}, [-0.6, -0.8]),
        ({"clipvalue": 1.0}, [-1.0, -1.0]),
        ({"clipnorm": 10.0}, [-3.0, -4.0]),
    ):
        weight = lamina.Variable([0.0, 0.0])
        optimizers.SGD(learning_rate=1.0, **options).apply([g], [weight])
        np.testing.assert_allclose(weight.numpy(), want, rtol=1e-6)
        zero = lamina.Variable([0.0, 0.0])
        optimizers.SGD(learning_rate=1.0, **options).apply([np.zeros(2, "float32")], [zero])
        assert (zero.numpy() == 0).all()


def test_weight_decay_spares_what_it_is_told_to():
    for chosen in ({"var_names": ["bias"]}, {"by_list": True}):
        a, b = (lamina.Variable([1.0], name=n) for n in ("kernel", "bias"))
        optimizer = optimizers.SGD(learning_rate=1.0, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(**chosen if "var_names" in chosen else {"var_list": [b]})
        optimizer.apply([np.zeros(1, "float32")] * 2, [a, b])
        assert (float(a.numpy()[0]), float(b.numpy()[0])) == (0.5, 1.0)


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_accumulated_gradients_equal_one_large_batch(backend):
    some, alone = variables(), variables()
    for x, y in zip(some, alone, strict=True):
        y.assign(x.numpy())
    steps = [gradients(some) for _ in range(8)]
    run = program_of(optimizers.Adam(0.1, gradient_accumulation_steps=4), some, backend)
    whole = optimizers.Adam(0.1)
    for k in range(0, 8, 4):
        for grads in steps[k : k + 4]:
            run(*grads)
        whole.apply([np.mean(group, axis=0) for group in zip(*steps[k : k + 4], strict=True)], alone)
        for x, y in zip(some, alone, strict=True):
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-5)


def test_averages_are_put_in_place_at_the_end():
    weight, optimizer = lamina.Variable([0.0]), optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([-np.ones(1, "float32")], [weight])
    optimizer.finalize_variable_values([weight])
    assert weight.numpy() == 1.5


def test_a_scaled_loss():
    weight, optimizer = lamina.Variable([0.0]), optimizers.SGD(1.0, loss_scale_factor=8.0)
    assert optimizer.scale_loss(2.0) == 16.0
    optimizer.apply([np.full(1, 8.0, "float32")], [weight])
    assert weight.numpy() == -1.0


# ---- one's own


def test_an_optimizer_of_ones_own():
    class Momentum(optimizers.Optimizer):
        def __init__(self, learning_rate=0.1, friction=0.5, **options):
            super().__init__(learning_rate, **options)
            self.friction = friction

        def build(self, variables):
            if self.built:
                return
            super().build(variables)
            self.speed, _ = self.add_optimizer_variables(variables, ["speed", "spare"])

        def update_step(self, gradient, variable, learning_rate):
            speed = self.speed[self._get_variable_index(variable)]
            self.assign(speed, lamina.ops.subtract(self.friction * speed.value, learning_rate * gradient))
            self.assign_add(variable, speed)

        def get_config(self):
            return {**super().get_config(), "friction": self.friction}

    some = variables()
    other = [lamina.Variable(v.numpy()) for v in some]
    own, sgd = Momentum(0.1), optimizers.SGD(0.1, momentum=0.5)
    for grads in [gradients(some) for _ in range(3)]:
        own.apply(grads, some)
        sgd.apply(grads, other)
    for a, b in zip(some, other, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
    assert optimizers.deserialize(optimizers.serialize(own), {"Momentum": Momentum}).friction == 0.5
    assert own.variables[-1].path == "optimizer/spare/dense/bias"


# ---- errors


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), "clips in one way"),
        (lambda: optimizers.SGD(momentum=1.5), "momentum is out of range"),
        (lambda: optimizers.Adam(beta_2=-0.1), "beta_2 is out of range"),
        (lambda: optimizers.Lion(beta_1=0.0), "beta_1 is out of range"),
        (lambda: optimizers.Adam(use_ema=True, ema_momentum=2.0), "ema_momentum"),
        (lambda: optimizers.Adam(gradient_accumulation_steps=1), "gradient_accumulation_steps"),
        (lambda: optimizers.AdamW(weight_decay=None), "use Adam"),
        (lambda: optimizers.Adagrad(0.1, -1.0), "0 or more"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power"),
        (lambda: optimizers.get("adamm"), "did you mean 'adam'"),
        (lambda: schedules.CosineDecay(0.1, 0), "decay_steps"),
        (lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1]), "one more than boundaries"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]), "boundaries must rise"),
    ],
)
def test_arguments_out_of_range(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()


def test_gradients_that_do_not_fit():
    a, b = variables()
    with pytest.raises(ShapeError, match="gradient of variable 'dense/kernel' has another shape"):
        optimizers.SGD().apply([np.ones(2, "float32")], [a])
    with pytest.raises(ArgumentError, match="1 gradients for 2 variables"):
        optimizers.SGD().apply([np.ones((3, 2), "float32")], [a, b])
    with pytest.raises(ArgumentError, match="build the optimizer first"):
        optimizers.Adam().set_weights([1, 2, 3])


def test_large_counts_divide_exactly():
    for n in (0, 1, 6, 7, 2**24 + 1, 2**31 - 2):
        for b in (2, 3, 7, 1000):
            quotient, rest = whole_division(np.int32(n), b)
            assert (int(quotient), int(rest)) == divmod(n, b)


def test_the_step_is_one_chain_for_each_variable():
    """What differs by element is elementwise on whole variables; what does not is a scalar."""
    weight = lamina.Variable(np.zeros((50, 40), "float32"))
    optimizer = optimizers.Adam()
    made = trace(lambda g: optimizer.apply([g], [weight]) or [], [Type("float32", (50, 40))])
    large = [n for n in made.graph.nodes if n.type.size > 1 and n.op.name not in ("expand", "full")]
    assert {n.shape for n in large} == {(50, 40)}
    assert len(large) <= 12


def test_state_of_ones_own_starts_as_an_initializer_says():
    optimizer = optimizers.SGD()
    for initializer, want in (("zeros", 0), ("ones", 1), (2.5, 2.5), (lambda shape, _: np.full(shape, 3), 3)):
        made = optimizer.add_variable((2, 3), initializer)
        np.testing.assert_array_equal(made.numpy(), np.full((2, 3), want, "float32"))
    with pytest.raises(ArgumentError, match="five"):
        optimizer.add_variable((2,), "five")
