"""What a sampler and a pruner may be told in an experiment file, beside their names."""

from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from cvae.sections import Section, first_mistake

SamplerName = Literal["qmc", "random", "grid", "tpe", "gp", "cmaes"]

PrunerName = Literal["none", "median", "asha", "hyperband", "patient"]


class Options(Section):
    """No options."""


class GridOptions(Options):
    """Every combination of the options of choices and of some values of each range, in an order set by the seed."""

    points: int = Field(5, ge=2, description="values of each range, evenly apart on its own scale, bounds included")


class TPEOptions(Options):
    """Tree-structured Parzen estimators (Bergstra et al. 2011)."""

    n_startup_trials: int = Field(10, ge=0, description="random trials before the first model")
    n_ei_candidates: int = Field(24, ge=1, description="candidates of which the best is taken")
    multivariate: bool = Field(True, description="model the parameters together")
    group: bool = Field(False, description="model the parameters of each chosen variant apart")


class GPOptions(Options):
    """A Gaussian process, expected improvement."""

    n_startup_trials: int = Field(10, ge=1, description="random trials before the first model")
    deterministic_objective: bool = Field(False, description="the same parameters give the same value")


class CmaEsOptions(Options):
    """Covariance matrix adaptation (Hansen & Ostermeier 2001); choices are sampled at random."""

    n_startup_trials: int = Field(1, ge=0, description="random trials before the first generation")
    popsize: int | None = Field(None, ge=2, description="trials in a generation; null = by the dimensions")
    sigma0: float | None = Field(None, gt=0, description="first step size; null = a sixth of the ranges")
    with_margin: bool = Field(False, description="keep whole numbers from freezing (Hamano et al. 2022)")


class MedianOptions(Options):
    """Prune a run whose best value so far is below the median of the others' at the same step."""

    n_startup_trials: int = Field(5, ge=0, description="finished trials before anything is pruned")
    n_warmup_evaluations: int = Field(0, ge=0, description="evaluations of a run before it may be pruned")


class AshaOptions(Options):
    """Asynchronous successive halving (Li et al. 2020): the best 1/reduction_factor of a rung go on."""

    min_evaluations: int = Field(1, ge=1, description="evaluations of a run before the first rung")
    reduction_factor: int = Field(3, ge=2, description="factor between rungs")


class HyperbandOptions(AshaOptions):
    """Hyperband (Li et al. 2018): successive halving from several first rungs."""


class PatientOptions(Options):
    """Prune a run that has got worse for some evaluations within its present cycle."""

    patience: int = Field(3, ge=0, description="evaluations without a better value that are borne")
    min_delta: float = Field(0.0, ge=0, description="what counts as worse, in the metric's unit")
    then: Literal["none", "median", "asha", "hyperband"] = Field(
        "none", description="a pruner with its default options that must agree"
    )


SAMPLERS: dict[str, type[Options]] = {
    "qmc": Options,
    "random": Options,
    "grid": GridOptions,
    "tpe": TPEOptions,
    "gp": GPOptions,
    "cmaes": CmaEsOptions,
}

PRUNERS: dict[str, type[Options]] = {
    "none": Options,
    "median": MedianOptions,
    "asha": AshaOptions,
    "hyperband": HyperbandOptions,
    "patient": PatientOptions,
}

assert set(SAMPLERS) == set(get_args(SamplerName))

assert set(PRUNERS) == set(get_args(PrunerName))


def check_options(kind: str, name: str, table: dict[str, type[Options]], given: dict[str, Any]) -> None:
    """Check the options of a sampler or a pruner.

    Raises:
        ValueError: one is unknown or not allowed; names what is.
    """
    section = table[name]
    try:
        section.model_validate(given)
    except ValidationError as error:
        option, value, message, is_unknown = first_mistake(error)
        if is_unknown:
            known = ", ".join(section.model_fields) or "none"
            raise ValueError(f"{kind} {name} knows no option '{option}'; its options: {known}") from error
        raise ValueError(f"{kind} {name}, option {option} is {value!r}: {message}") from error
