"""What an answer costs: trainings and wall time from a question to a word, by design, on studies whose truth is known.

python -m benchmarks.verdict_cost --write      the table of docs/performance.md, into benchmarks/verdict-cost.json
python -m benchmarks.verdict_cost --studies 50 the same from fewer studies
python -m benchmarks.verdict_cost --real runs/quickstart    what a finished sweep took, beside a fixed design

The figures are of simulated studies, so no machine's load is in them, and `make bench` leaves them out. Every design is
asked the same questions, and beside its cost stands how often it is wrong: of arms equal at every point, and of arms
with points of their own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated

import numpy as np
import optuna
import typer

from benchmarks.instruments.finished_sweep import sweep_table
from benchmarks.instruments.tuned_studies import Design, Outcome, ask
from cvae.cli import new_command, run_command
from cvae.files import write_json

N_STUDIES, EFFECT_DB, OWN_SD = 2000, 0.5, 0.3
#: Studies of a design with a pruner, which Optuna judges value by value.
N_PRUNED = 300

FIXED = Design("fixed 24 + 20", 24, 20)
DESIGNS = (
    FIXED,
    Design("24 + 20, stop: sure", 24, 20, is_sure=True),
    Design("24 + 24, replicates: 12", 24, 24, tunings=12),
    Design("24 + 24, replicates: 12, stop: sure", 24, 24, is_sure=True, tunings=12),
    Design("24 + 12, replicates: 12, stop: sure", 24, 12, is_sure=True, tunings=12),
    Design("24 + 20, pruner: median, stop: sure", 24, 20, is_sure=True, pruner="median"),
    Design("24 + 20, pruner: asha, stop: sure", 24, 20, is_sure=True, pruner="asha"),
    Design("cut by --budget to a third: 8 + 6", 8, 6),
    Design("8 + 20, stop: sure", 8, 20, is_sure=True),
    Design("12 + 20, pruner: asha, stop: sure", 12, 20, is_sure=True, pruner="asha"),
)
SLOTS = (2, 8)
RECORD = Path(__file__).parent / "verdict-cost.json"
HEADINGS = (
    "trials + seeds an arm",
    "trainings",
    "of fixed 24 + 20",
    "lasts, 2; 8 slots",
    "finds 0.5 dB",
    "wrong",
    "lost",
)


@dataclass(frozen=True)
class Cost:
    """What a design costs and says, as means over studies; shares where a word is meant."""

    design: Design
    n_studies: int
    trainings: float  # whole ones of both arms where b is better by EFFECT_DB
    wall: tuple[float, ...]  # durations of one training from question to word, by SLOTS
    found: float  # b is better by EFFECT_DB and called so
    wrong: float  # a word for either of two arms that are equal at every point
    wrong_of_own: float  # the same where each arm has points of its own, equal on average
    lost_db: float  # by which what tuning chose falls short of the best point, where b is better


def trained_blocks(design: Design, blocks: int, slots: int) -> int:
    """Return the blocks that were begun when a look after `blocks` ends a sweep: as many run as fill the slots."""
    together = max(1, slots // runs_in_block(design))
    return min(n_blocks(design), math.ceil(blocks / together) * together)


def n_blocks(design: Design) -> int:
    """Return the planned blocks: seeds, or tunings."""
    return design.tunings if design.tunings > 1 else design.seeds


def runs_in_block(design: Design) -> int:
    """Return the runs of both arms that one block confirms, with those that tune it where there are several tunings."""
    return 2 * design.seeds // n_blocks(design) + (2 * design.trials // design.tunings if design.tunings > 1 else 0)


def trainings_of(design: Design, outcome: Outcome, slots: int) -> float:
    """Return the whole trainings that a study took."""
    begun = trained_blocks(design, outcome.blocks, slots)
    if design.tunings > 1:  # a tuning that nobody asked for was never begun
        return begun * (outcome.tuned / design.tunings + 2 * design.seeds / design.tunings)
    return outcome.tuned + begun * 2 * design.seeds / n_blocks(design)


def measure(design: Design, n_studies: int) -> Cost:
    """Ask a design every question."""
    effect, equal, own = (
        [ask(np.random.default_rng([7, i]), design, *truth) for i in range(n_studies)]
        for truth in ((EFFECT_DB, 0.0), (0.0, 0.0), (0.0, OWN_SD))
    )
    return Cost(
        design,
        n_studies,
        fmean(trainings_of(design, outcome, SLOTS[0]) for outcome in effect),
        tuple(fmean(trainings_of(design, outcome, n) / n for outcome in effect) for n in SLOTS),
        fmean(outcome.word == "better" for outcome in effect),
        fmean(outcome.word != "neither" for outcome in equal),
        fmean(outcome.word != "neither" for outcome in own),
        fmean(outcome.lost_db for outcome in effect),
    )


def costs(n_studies: int = N_STUDIES) -> Iterator[Cost]:
    """Yield the cost of each design."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for design in DESIGNS:
        yield measure(design, n_studies if design.pruner == "none" else min(n_studies, N_PRUNED))


def described(cost: Cost, fixed: Cost) -> dict[str, str]:
    """Return a design's row of the table, by heading."""
    wall = "; ".join(f"{wall:.1f}" for wall in cost.wall)
    cells = (
        cost.design.name,
        f"{cost.trainings:.1f}",
        f"{cost.trainings / fixed.trainings:.0%}",
        wall,
        f"{cost.found:.1%}",
        f"{cost.wrong:.1%}; {cost.wrong_of_own:.1%}",
        f"{cost.lost_db:.2f} dB",
    )
    return dict(zip(HEADINGS, cells, strict=True))


def described_all(n_studies: int = N_STUDIES) -> Iterator[dict[str, str]]:
    """Yield the rows of the table, the first design's beside each other's."""
    fixed: Cost | None = None
    for cost in costs(n_studies):
        fixed = fixed or cost
        yield described(cost, fixed)


app = new_command()


@app.command()
def print_costs(
    studies: Annotated[int, typer.Option(min=1, help="simulated studies of a design")] = N_STUDIES,
    real: Annotated[Path | None, typer.Option(metavar="FOLDER", help="a finished sweep's folder instead")] = None,
    write: Annotated[bool, typer.Option("--write", help=f"keep the rows in benchmarks/{RECORD.name}")] = False,
) -> None:
    """Print what an answer costs, by design or of a finished sweep."""
    if real is not None:
        for line in sweep_table(real, FIXED.trials, FIXED.seeds):
            print(line, flush=True)
        return
    rows = []
    for row in described_all(studies):
        print(" | ".join(row.values()), flush=True)
        rows.append(row)
    if write:
        write_json(RECORD, {"studies": studies, "pruned_studies": min(studies, N_PRUNED), "rows": rows})


if __name__ == "__main__":
    run_command(app)
