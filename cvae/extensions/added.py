"""What other packages add, found by their entry points: sources of episodes, metrics of a frame, models.

A package that is installed beside this one names what it has in its pyproject.toml (docs/extending.md):

    [project.entry-points."cvae.sources"]
    stripes = "my_package:Stripes"

What cannot be loaded is left out, and whoever asks for it by name is told why.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, get_args

from pydantic import BaseModel

Group = Literal["cvae.sources", "cvae.metrics", "cvae.models"]

#: Names of this project's own: what has one of them would be left out without a word, or overwrite it.
RESERVED: dict[Group, frozenset[str]] = {
    "cvae.sources": frozenset(("bair", "episodes", "lerobot", "pushing", "rlds")),
    "cvae.models": frozenset(("svg",)),
    "cvae.metrics": frozenset((
        "psnr", "ssim", "mse", "psnr_rgb", "lpips", "fvd", "energy", "energy_db", "copy_last_energy_db", "crps",
        "best_of_n_psnr", "worst_of_n_psnr", "mean_of_n_psnr", "psnr_of_mean_of_n", "posterior_psnr", "distortion",
        "zero_psnr", "posterior_zero_gap", "shuffled_actions_psnr", "shuffled_positions_psnr", "zeroed_actions_psnr",
        "zeroed_positions_psnr", "kl", "active_units", "mutual_information", "mse_between_samples",
    )),
}  # fmt: skip

#: What a source must have (cvae/data/sources).
OF_A_SOURCE = ("location", "splits", "explain_absence", "reads", "episodes", "digest", "manifest", "stride")


@dataclass(frozen=True)
class AddedMetric:
    """A metric of a frame: `measure(predicted, target)`, each (..., 3, S, S) in [0, 1] -> (...) float64 on the CPU."""

    measure: Callable[[Any, Any], Any]  # tensors; import torch within it, so that a report starts without
    direction: Literal["maximize", "minimize"]
    label: str = ""  # as it is said in a sentence; empty: its name
    unit: str = ""


@dataclass(frozen=True)
class Added:
    """What a group of entry points holds."""

    objects: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)  # name -> why it is left out


@cache
def named(group: Group) -> dict[str, EntryPoint]:
    """Return the entry points of a group by their names, nothing loaded."""
    return {point.name: point for point in entry_points(group=group)}


@cache
def added(group: Group) -> Added:
    """Load what other packages add to a group."""
    found = Added()
    for name, point in named(group).items():
        try:
            if name in RESERVED[group]:
                raise ValueError("one of this project's own has that name")
            value = point.load()
            _CHECKS[group](name, value)
        except Exception as error:  # whatever another package's module raises
            found.faults[name] = f"'{name}' of {_package(point)} cannot be used: {type(error).__name__}: {error}"
        else:
            found.objects[name] = value
    return found


def check_names() -> None:
    """Check that nothing that other packages add has a name of this project's own. Loads none of it.

    Raises:
        ValueError: something has; names it and its package.
    """
    for group, reserved in RESERVED.items():
        for name in sorted(reserved & named(group).keys()):
            raise ValueError(
                f"'{name}' of {_package(named(group)[name])} (entry points {group}) has the name of one of this "
                "project's own; give it another, or uninstall the package"
            )


def _package(point: EntryPoint) -> str:
    return f"the package {point.dist.name}" if point.dist else point.value


def _check_source(name: str, value: Any) -> None:
    if not (isinstance(value, type) and issubclass(value, BaseModel)):
        raise TypeError("expected a class that inherits from cvae.sections.Section")
    tag = value.model_fields.get("source")
    if tag is None or get_args(tag.annotation) != (name,):
        raise TypeError(f"expected the field `source: Literal['{name}'] = '{name}'`")
    missing = [part for part in OF_A_SOURCE if part not in value.model_fields and not hasattr(value, part)]
    if missing:
        raise TypeError(f"lacks {', '.join(missing)}")


def _check_metric(name: str, value: Any) -> None:
    if not isinstance(value, AddedMetric):
        raise TypeError("expected a cvae.extensions.AddedMetric")


def _check_model(name: str, value: Any) -> None:
    if not callable(value):
        raise TypeError("expected a function of (config, n_conditions) that returns a cvae.model.CVAE")


_CHECKS: dict[Group, Callable[[str, Any], None]] = {
    "cvae.sources": _check_source,
    "cvae.metrics": _check_metric,
    "cvae.models": _check_model,
}


def why_absent(group: Group, name: str) -> str:
    """Return `; ` and why what was named could not be loaded; empty where no package names it."""
    fault = added(group).faults.get(name)
    return f"; {fault}" if fault else ""
