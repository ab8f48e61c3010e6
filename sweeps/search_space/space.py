"""A search space: its parameters, those of the chosen variants alone, and what they make of a configuration.

A parameter is named by its path. One that belongs to a variant of a choice carries the variant's name in its own:
`kl_anneal` is `cyclical`, and only then there is `kl_anneal.cyclical.n_cycles`, which sets `kl_anneal.n_cycles`.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cvae.config import at_path
from sweeps.search_space.distributions import ConditionalChoice, Dimension, Value

Space = Mapping[str, Dimension]

Params = dict[str, Value]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a space."""

    name: str  # in Optuna, in run.json and on the report
    path: str  # of the key that it sets
    dimension: Dimension

    def below(self, variant: Value) -> list["Parameter"]:
        """Return the parameters that exist only where this one has chosen a variant."""
        if not isinstance(self.dimension, ConditionalChoice):
            return []
        search = self.dimension.variants[str(variant)].search
        return [Parameter(f"{self.name}.{variant}.{path}", f"{self.path}.{path}", d) for path, d in search.items()]


def parameters(space: Space) -> Iterator[Parameter]:
    """Yield every parameter that some trial may have, each choice before those of its variants."""
    yield from _all(top(space))


def top(space: Space) -> list[Parameter]:
    """Return the parameters that every trial has."""
    return [Parameter(path, path, dimension) for path, dimension in space.items()]


def _all(level: list[Parameter]) -> Iterator[Parameter]:
    for parameter in level:
        yield parameter
        if isinstance(parameter.dimension, ConditionalChoice):
            for variant in parameter.dimension.variants:
                yield from _all(parameter.below(variant))


def sample_params(space: Space, pick: Callable[[Parameter], Value]) -> Params:
    """Return the parameters of one trial, choices first: a variant that was not chosen is not asked about."""
    params: Params = {}
    waiting = top(space)
    while waiting:
        parameter = waiting.pop(0)
        params[parameter.name] = pick(parameter)
        waiting = parameter.below(params[parameter.name]) + waiting
    return params


def overrides_of(space: Space, params: Mapping[str, Value]) -> Iterator[dict[str, Any]]:
    """Yield what the parameters of a trial make of a configuration, to be laid over it one after the other.

    Raises:
        LookupError: a parameter is not in the space, or belongs to a variant that was not chosen.
    """
    strangers = set(params)
    waiting = top(space)
    while waiting:
        parameter = waiting.pop(0)
        if parameter.name not in params:
            continue
        value = params[parameter.name]
        strangers.discard(parameter.name)
        if isinstance(parameter.dimension, ConditionalChoice):
            yield at_path(parameter.path, parameter.dimension.variants[str(value)].overrides)
            waiting = parameter.below(value) + waiting
        else:
            yield at_path(parameter.path, value)
    if strangers:
        raise LookupError(f"not in the search space as chosen: {', '.join(sorted(strangers))}")


def corners(space: Space) -> Iterator[Params]:
    """Yield the points at which a space is checked: each parameter at each of its bounds, and each two together.

    A bound of one parameter may be impossible beside a bound of another: a decay that starts after its end.
    """
    single = list(_bounds(top(space), {}))
    yield from single
    for a, b in itertools.combinations(single, 2):
        if all(a[name] == b[name] for name in a.keys() & b.keys()):
            yield a | b


def _bounds(level: list[Parameter], chosen: Params) -> Iterator[Params]:
    """Yield each parameter of a level at each of its bounds beside the choices that it rests on."""
    for parameter in level:
        for value in parameter.dimension.examples():
            point = {**chosen, parameter.name: value}
            yield point
            yield from _bounds(parameter.below(value), point)


def overlapping(space: Space) -> tuple[str, str] | None:
    """Return two paths searched side by side of which one lies within the other: choosing one would undo the other."""
    for a, b in itertools.permutations(space, 2):
        if b.startswith(f"{a}."):
            return a, b
    variants = [v for d in space.values() if isinstance(d, ConditionalChoice) for v in d.variants.values()]
    return next((pair for variant in variants if (pair := overlapping(variant.search))), None)


def format_params(params: Mapping[str, Any], digits: int = 4) -> str:
    """Return a trial's parameters in one line: `optim.lr 0.0012, kl_anneal cyclical`."""
    return ", ".join(f"{name} {format_value(value, digits)}" for name, value in params.items())


def format_value(value: Any, digits: int = 4) -> str:
    """Return a parameter's value, a real number with so many significant digits, nothing as YAML's null."""
    if value is None:
        return "null"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
