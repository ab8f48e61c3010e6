"""The looks that a sweep took which ends when it is sure: events of its ledger, and which runs they spared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from sweeps.decision import LEAST_CHANCE, PairState
from sweeps.experiment import Experiment, PlannedRun, all_runs, block_of
from sweeps.experiment_folder.paths import ExperimentFolder

#: The event's name in the ledger.
LOOK = "look"


@dataclass(frozen=True)
class LookRecord:
    """One look at all pairs: after how many blocks, of how many that were planned then, and how each pair stood."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    blocks: int
    planned: int
    pairs: tuple[PairState, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return asdict(self)

    @property
    def is_last(self) -> bool:
        """Whether no pair asks for more."""
        return not any(pair.asks for pair in self.pairs)

    @property
    def asking(self) -> set[str]:
        """The arms of which some pair asked for more."""
        return {arm for pair in self.pairs if pair.asks for arm in (pair.a, pair.b)}


_RECORD = TypeAdapter(LookRecord)


def read_looks(events: Iterable[Mapping[str, Any]]) -> Iterator[LookRecord]:
    """Yield the looks among a ledger's events, in the order in which they were taken."""
    for event in events:
        if event["event"] == LOOK:
            try:
                yield _RECORD.validate_python(dict(event))
            except ValidationError:  # another version's
                continue


def spared_runs(experiment: Experiment, root: ExperimentFolder, looks: Iterable[LookRecord]) -> set[PlannedRun]:
    """Return the planned runs that the last look found nobody asking for, and that nobody had begun."""
    last = None
    for last in looks:  # noqa: B007 - the last one is wanted
        pass
    if last is None or last.planned != experiment.n_blocks or experiment.confirm.stop != "sure":
        return set()
    return {
        run
        for run in all_runs(experiment)
        if block_of(experiment, run) >= last.blocks and run.arm not in last.asking and not root.run(run).path.exists()
    }


def describe_look(look: LookRecord, experiment: Experiment) -> str:
    """Return how the pairs stood at a look, as `monotonic - constant: better at 7 of 20 seeds; ...`."""
    return "; ".join(f"{pair.a} - {pair.b}: {_describe_pair(pair, look, experiment)}" for pair in look.pairs)


def _describe_pair(pair: PairState, look: LookRecord, experiment: Experiment) -> str:
    unit = "tunings" if experiment.n_tunings > 1 else "seeds"
    more = f" ({_breakdowns(pair)})" if any(pair.broken) else ""
    if pair.word != "undecided":
        word = "equivalent"
        if pair.word != "equivalent":
            word = "better" if (pair.word == "above") == (experiment.metric.sign > 0) else "worse"
        return f"{word} at {pair.n} of {look.planned} {unit}{more}"
    if pair.asks:
        return f"open at {pair.n} of {look.planned} {unit}{more}"
    if pair.chance is not None and pair.chance < LEAST_CHANCE and look.blocks < look.planned:
        return f"less than one chance in ten of a word by {look.planned} {unit}{more}"
    return f"undecided after {pair.n} of {look.planned} {unit}{more}"


def _breakdowns(pair: PairState) -> str:
    return " and ".join(f"{arm} broke down at {n}" for arm, n in zip((pair.a, pair.b), pair.broken, strict=True) if n)
