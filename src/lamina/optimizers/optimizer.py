"""What all optimizers share: learning rate, clipping, weight decay, averages, and the order in which they act.

An update is made of elementwise ops over whole variables, so that a backend runs it as one loop; factors that are the
same for all elements are scalars, computed once a step.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import initializers, ops
from ..errors import ArgumentError, ShapeError, message, unknown
from ..graph import scope
from ..op import as_value
from ..registry import snake_case
from ..trace import Variable
from .scalars import norm, whole_division
from .schedules import LearningRateSchedule
from .schedules import deserialize as schedule_from
from .schedules import serialize as schedule_config

OLD = "lr is called learning_rate; decay is a schedule, such as optimizers.schedules.InverseTimeDecay"
SHARED = (
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class Optimizer:
    """Changes variables so that a loss gets smaller, given its gradients.

    A subclass implements ``update_step``, and names in ``slots`` what it keeps for each variable (or overrides
    ``build``).

    learning_rate                how far one step goes: a float, or a schedule of the number of steps made
    weight_decay                 the share by which weights shrink at each step, times the learning rate; None for none
    clipnorm                     the largest norm that the gradient of one variable may have
    clipvalue                    the largest size that one element of a gradient may have
    global_clipnorm              the largest norm that all gradients together may have; at most one of the three is set
    use_ema                      whether to keep moving averages of the weights, for ``finalize_variable_values``
    ema_momentum                 within 0..1: how slowly the averages move
    ema_overwrite_frequency      after how many steps the weights are set to their averages; None for never
    loss_scale_factor            what the loss was multiplied with before its gradients were taken; None for nothing
    gradient_accumulation_steps  over how many calls gradients are averaged before one step is made; None for one

    >>> class SignDescent(lamina.optimizers.Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         variable.assign_sub(learning_rate * lamina.ops.sign(gradient))
    >>> weight = lamina.Variable([1.0, 1.0])
    >>> SignDescent(learning_rate=0.25).apply([np.array([3.0, -2.0], "float32")], [weight])
    >>> weight.numpy()
    array([0.75, 1.25], dtype=float32)
    """

    slots: dict[str, float] = {}  # what is kept for each element of a variable, and the value it starts from

    def __init__(
        self,
        learning_rate,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs,
    ):
        for key in kwargs:
            raise unknown(f"argument of {type(self).__name__}", key, inspect.signature(type(self)).parameters, OLD)
        self.name = name or snake_case(type(self).__name__)
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.use_ema, self.ema_momentum = global_clipnorm, use_ema, ema_momentum
        self.ema_overwrite_frequency, self.loss_scale_factor = ema_overwrite_frequency, loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._check()
        self.built = False
        self._state: list[Variable] = []
        self._slots: dict[str, list[Variable]] = {}
        self._places: dict[int, int] = {}
        self._variables: list[Variable] = []
        self._undecayed: tuple[set[int], re.Pattern | None] = (set(), None)
        self._calls = self._own(Variable(np.int32(0), trainable=False, name="iterations"))
        self._learning_rate: Any = None
        if isinstance(learning_rate, LearningRateSchedule) or callable(learning_rate):
            self._learning_rate = learning_rate
        else:
            self._learning_rate = self._own(Variable(np.float32(learning_rate), trainable=False, name="learning_rate"))

    def __init_subclass__(cls) -> None:
        """Lets a subclass write ``*shared, **options`` for the arguments above, and shows them in its signature."""
        super().__init_subclass__()
        given = inspect.signature(cls.__init__).parameters.values()
        if any(p.kind is p.VAR_POSITIONAL and p.name == "shared" for p in given):
            own = [p for p in given if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in ("self", "name")]
            names = {p.name for p in own}
            told = names | {"self", "learning_rate", "name", "kwargs"}
            rest = [p for n, p in inspect.signature(Optimizer.__init__).parameters.items() if n not in told]
            last = inspect.Parameter("name", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
            cls.__signature__ = inspect.Signature([*own, *rest, last])

    def _check(self) -> None:
        """Raises for arguments that do not go together."""
        clips = {k: getattr(self, k) for k in ("clipnorm", "clipvalue", "global_clipnorm")}
        if sum(v is not None for v in clips.values()) > 1:
            raise ArgumentError(message("an optimizer clips in one way", got=str(clips), fix="set one of them"))
        if self.use_ema and not 0 <= self.ema_momentum <= 1:
            raise ArgumentError(message("ema_momentum is out of range", got=str(self.ema_momentum), want="0..1"))
        steps = self.gradient_accumulation_steps
        if steps is not None and (not isinstance(steps, int) or steps < 2):
            raise ArgumentError(
                message("gradient_accumulation_steps is out of range", got=str(steps), want="2 or more, or None")
            )

    # ---- state

    def _own(self, variable: Variable) -> Variable:
        variable.path = f"optimizer/{variable.name}" if variable.path == variable.name else variable.path
        self._state.append(variable)
        return variable

    @property
    def variables(self) -> list[Variable]:
        """All state: the number of steps, the learning rate, and the slots."""
        return list(self._state)

    @property
    def iterations(self):
        """How many steps have been made, as an int32 Variable (or value, where gradients are accumulated)."""
        if self.gradient_accumulation_steps:
            return whole_division(self._calls, self.gradient_accumulation_steps)[0]
        return self._calls

    @property
    def learning_rate(self):
        """The learning rate now: a Variable that may be assigned at any time, or what the schedule gives."""
        if isinstance(self._learning_rate, Variable):
            return self._learning_rate
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(as_value(self._calls))
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, value) -> None:
        if isinstance(value, LearningRateSchedule) or (callable(value) and not hasattr(value, "__lamina_value__")):
            self._state = [v for v in self._state if v is not self._learning_rate]
            self._learning_rate = value
        elif isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(np.float32(value) if isinstance(value, int | float) else value)
        else:
            raise ArgumentError(
                message(
                    "this optimizer follows a schedule, so its learning rate cannot be set",
                    got=repr(value),
                    fix="make the optimizer with a number for learning_rate",
                )
            )

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the slots of these variables; those that have theirs already keep them."""
        new = [v for v in variables if id(v) not in self._places]
        self._places.update({id(v): len(self._variables) + i for i, v in enumerate(new)})
        self._variables += new
        averages = {"average": 0.0} if self.use_ema else {}
        sums = {"gradient_accumulator": 0.0} if self.gradient_accumulation_steps else {}
        for name, value in {**averages, **sums, **self.slots}.items():
            self._slots.setdefault(name, []).extend(self.add_variable_from_reference(v, name, value) for v in new)
        self.built = True

    def add_variable(self, shape, initializer: Any = 0.0, dtype: str | None = None, name: str = "variable") -> Variable:
        """State of one's own: ``initializer`` is a number, a function of (shape, dtype), or an initializer's name."""
        value = initializers.get(initializer) if isinstance(initializer, str) else initializer
        dtype = dtype or "float32"
        array = value(shape, dtype) if callable(value) else np.broadcast_to(np.asarray(value, dtype), shape)
        return self._own(Variable(np.asarray(array), dtype=dtype, trainable=False, name=name))

    def add_variable_from_reference(self, reference_variable: Variable, name: str, initializer: Any = 0.0) -> Variable:
        """State of the shape of a variable; its path is ``optimizer/<name>/<path of the variable>``."""
        made = self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name)
        made.path = f"optimizer/{name}/{reference_variable.path}"
        return made

    def slot(self, name: str, variable: Variable) -> Variable:
        """The slot of a name that belongs to a variable."""
        return self._slots[name][self._places[id(variable)]]

    def add_optimizer_variables(self, trainable_variables: Sequence[Variable], name, initializer="zeros"):
        """State of the shape of each variable: a list, or a tuple of lists where ``name`` is a list of names."""
        if isinstance(name, str):
            return [self.add_variable_from_reference(v, name, initializer) for v in trainable_variables]
        starts = initializer if isinstance(initializer, list | tuple) else [initializer] * len(name)
        return tuple(self.add_optimizer_variables(trainable_variables, n, i) for n, i in zip(name, starts, strict=True))

    def _get_variable_index(self, variable: Variable) -> int:
        return self._places[id(variable)]  # Keras's name, which optimizers written for it call

    @staticmethod
    def assign(variable: Variable, value) -> None:
        """``variable.assign(value)``."""
        variable.assign(value)

    @staticmethod
    def assign_add(variable: Variable, value) -> None:
        """``variable.assign_add(value)``."""
        variable.assign_add(value)

    @staticmethod
    def assign_sub(variable: Variable, value) -> None:
        """``variable.assign_sub(value)``."""
        variable.assign_sub(value)

    # ---- one step

    def apply(self, grads: Sequence, trainable_variables: Sequence[Variable] | None = None) -> None:
        """One step: ``grads`` are the gradients of the loss with respect to ``trainable_variables``, in order.

        A gradient may be None: then its variable stays as it is.
        """
        variables = list(trainable_variables) if trainable_variables is not None else self._variables
        if not self.built or any(id(v) not in self._places for v in variables):
            self.build(variables)
        grads = list(grads)
        self._check_fit(grads, variables)
        pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
        with scope(self.name):
            if pairs:
                grads, variables = [as_value(g) for g, _ in pairs], [v for _, v in pairs]
                if self.loss_scale_factor is not None:
                    grads = [g / self.loss_scale_factor for g in grads]
                self._step(grads, variables)
                for v in variables:
                    if v.constraint is not None:
                        v.assign(v.constraint(as_value(v)))
            self._calls.assign_add(1)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """``apply`` on (gradient, variable) pairs."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])

    def update_step(self, gradient, variable: Variable, learning_rate) -> None:
        """Assigns the new value of one variable, and of its slots; a subclass implements it."""
        raise NotImplementedError(
            message(
                f"{type(self).__name__} has no update rule",
                fix="implement update_step(self, gradient, variable, learning_rate)",
            )
        )

    def update_all(self, grads: Sequence, variables: Sequence[Variable], learning_rate) -> None:
        """``update_step`` for each variable; a subclass may compute before what all of them share."""
        for g, v in zip(grads, variables, strict=True):
            self.update_step(g, v, learning_rate)

    def _check_fit(self, grads, variables) -> None:
        if len(grads) != len(variables):
            raise ArgumentError(message(f"{len(grads)} gradients for {len(variables)} variables"))
        for g, v in zip(grads, variables, strict=True):
            if id(v) not in self._places:
                raise ArgumentError(
                    message(
                        f"this optimizer was not built for variable {v.path!r}",
                        fix="make a new optimizer where the set of variables changes",
                    )
                )
            if g is not None and tuple(g.shape) != v.shape:
                raise ShapeError(
                    message(
                        f"the gradient of variable {v.path!r} has another shape",
                        got=str(list(g.shape)),
                        want=str(v.type),
                    )
                )

    def _step(self, grads, variables) -> None:
        before, due = [], None
        if self.gradient_accumulation_steps:
            before = [(v, as_value(v)) for v in [*variables, *self._state] if v is not self._calls]
            due, grads = self._accumulate(grads, variables, self.gradient_accumulation_steps)
        grads = self._clipped(grads)
        self._decay(variables)
        self.update_all(grads, variables, as_value(self.learning_rate))
        if due is not None:
            self._only_if(due, before)
        if self.use_ema:
            self._average()

    # ---- what is done beside the update rule

    def _clipped(self, grads: list) -> list:
        if self.clipnorm is not None and self.clipnorm > 0:
            return [g * (self.clipnorm / ops.maximum(norm([g]), self.clipnorm)) for g in grads]
        if self.global_clipnorm is not None and self.global_clipnorm > 0:
            factor = self.global_clipnorm / ops.maximum(norm(grads), self.global_clipnorm)
            return [g * factor for g in grads]
        if self.clipvalue is not None and self.clipvalue > 0:
            return [ops.minimum(ops.maximum(g, -self.clipvalue), self.clipvalue) for g in grads]
        return grads

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Variables that weight decay leaves alone: given ones, and those whose path holds one of ``var_names``."""
        pattern = re.compile("|".join(map(str, var_names))) if var_names else None
        self._undecayed = ({id(v) for v in var_list or ()}, pattern)

    def _decay(self, variables) -> None:
        if self.weight_decay is None:
            return
        ids, pattern = self._undecayed
        factor = 1.0 - self.weight_decay * as_value(self.learning_rate)
        for v in variables:
            if id(v) not in ids and not (pattern is not None and pattern.search(v.path)):
                v.assign(as_value(v) * factor)

    def _accumulate(self, grads, variables, steps: int):
        """Whether this call makes a step, and the mean of the gradients since the last one."""
        due = ops.equal(whole_division(as_value(self._calls) + 1, steps)[1], 0)
        sums = [as_value(self.slot("gradient_accumulator", v)) + g for g, v in zip(grads, variables, strict=True)]
        for total, v in zip(sums, variables, strict=True):
            self.slot("gradient_accumulator", v).assign(ops.where(due, 0.0, total))
        return due, [total / float(steps) for total in sums]

    def _only_if(self, due, before: list) -> None:
        """Takes back what was assigned, unless a step is due. The sums of gradients have seen to themselves."""
        sums = {id(v) for v in self._slots["gradient_accumulator"]}
        for v, old in before:
            new = as_value(v)
            if new is not old and id(v) not in sums:
                v.assign(ops.where(due, new, old))

    def _average(self) -> None:
        iterations = as_value(self.iterations)
        momentum = ops.where(ops.equal(iterations, 0), 0.0, self.ema_momentum)
        for v in self._variables:
            average = self.slot("average", v)
            average.assign(momentum * average + (1.0 - momentum) * as_value(v))
        if self.ema_overwrite_frequency:
            due = ops.equal(whole_division(iterations + 1, self.ema_overwrite_frequency)[1], 0)
            for v in self._variables:
                v.assign(ops.where(due, self.slot("average", v), as_value(v)))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Sets the variables to their moving averages, if there are some; ``fit`` does so at its end."""
        if self.use_ema and self.built:
            for v in var_list:
                v.assign(as_value(self.slot("average", v)))

    def scale_loss(self, loss):
        """The loss times ``loss_scale_factor``, if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # ---- configuration

    def set_weights(self, weights: Sequence) -> None:
        """New values for ``variables``, in order."""
        if len(weights) != len(self._state):
            raise ArgumentError(
                message(
                    f"{len(weights)} arrays for the {len(self._state)} variables of {self.name}",
                    fix=None if self.built else "build the optimizer first",
                )
            )
        for v, w in zip(self._state, weights, strict=True):
            v.assign(np.asarray(w, v.dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again, as plain literals."""
        if isinstance(self._learning_rate, Variable):
            rate: Any = float(self._learning_rate.array)
        else:
            rate = schedule_config(self._learning_rate)
        return {"name": self.name, "learning_rate": rate, **{k: getattr(self, k) for k in SHARED}}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The optimizer that ``get_config`` described."""
        if isinstance(config.get("learning_rate"), dict):
            config = {**config, "learning_rate": schedule_from(config["learning_rate"])}
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"
