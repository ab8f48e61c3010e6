"""Distributions, conditional spaces, and points that are known before any trial. No optuna."""

from sweeps.search_space.distributions import (
    Choice,
    ConditionalChoice,
    Dimension,
    FloatRange,
    IntRange,
    Value,
    WrittenDimension,
    WrittenVariant,
)
from sweeps.search_space.points import grid, qmc_params
from sweeps.search_space.space import (
    Parameter,
    Params,
    Space,
    corners,
    format_params,
    format_value,
    overlapping,
    overrides_of,
    parameters,
    sample_params,
)

__all__ = [
    "Choice",
    "ConditionalChoice",
    "Dimension",
    "FloatRange",
    "IntRange",
    "Parameter",
    "Params",
    "Space",
    "Value",
    "WrittenDimension",
    "WrittenVariant",
    "corners",
    "format_params",
    "format_value",
    "grid",
    "overlapping",
    "overrides_of",
    "parameters",
    "qmc_params",
    "sample_params",
]
