"""A search whose answer is known: learning curves over a landscape with one optimum, of 1."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.instruments.stepping import SteppingWorker, stepping_coordinator

EPOCHS = 27


def landscape(params: Mapping[str, Any], seed: int, step: int) -> float:
    """Return a learning curve with a known optimum of 1 at x = y = 0.3, z = 0.7, reached at the last epoch."""
    distance = (params["optim.beta1"] - 0.3) ** 2 + (params["optim.beta2"] - 0.3) ** 2
    distance += (params["teacher_forcing.ratio"] - 0.7) ** 2
    top = 1.0 / (1.0 + 40.0 * distance)
    return float(top * (1.0 - 0.5 ** (1 + 8 * step / EPOCHS)))


def search_values(name: str, seed: int, **tune: Any) -> dict[str, Any]:
    """Return the experiment of one search."""
    return {
        "name": name,
        "seed": seed,
        "base": {"train": {"steps": EPOCHS}, "evaluation": {"every": 1}, "teacher_forcing": {"mode": "constant"}},
        "arms": {"a": {}},
        "search": {
            "optim.beta1": {"float": [0.0, 0.99]},
            "optim.beta2": {"float": [0.0, 0.99]},
            "teacher_forcing.ratio": {"float": [0.0, 1.0]},
        },
        "tune": tune,
        "confirm": {"seeds": 1},
    }


def epochs_to_values(place: Path, values: Mapping[str, Any]) -> list[tuple[int, float]]:
    """Return (epochs spent by all trials, best final value so far) each time that a trial of a search ends."""
    coordinator = stepping_coordinator(values, place, landscape, lambda number: EPOCHS, 2)
    before, best, found = SteppingWorker.evaluations, float("-inf"), []
    for _ in coordinator.run():
        cell = coordinator.counts.cell("a", "tune")
        if cell.best > best:
            best = cell.best
            found.append((SteppingWorker.evaluations - before, best))
    return found
