"""What became of verdicts: how often a test split was used, and whether winners won again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sweeps.report.all_verdicts.study_verdict import StudyPair, StudyVerdict
from sweeps.report.statistics import ALPHA


@dataclass(frozen=True)
class SplitUse:
    """One split of one data set, and the studies that were decided on it, in the order in which they began."""

    fingerprint: str  # empty: nobody noted it
    split: str
    studies: tuple[StudyVerdict, ...]

    @property
    def n_pairs(self) -> int:
        """Comparisons of two arms on this split."""
        return sum(len(study.pairs) for study in self.studies)


def uses_of_splits(studies: Sequence[StudyVerdict]) -> list[SplitUse]:
    """Return every split with its studies, the most used first; a study of several data sets counts for each."""
    by_split: dict[tuple[str, str], list[StudyVerdict]] = {}
    for study in studies:
        for fingerprint in study.data.fingerprints or ("",):
            by_split.setdefault((fingerprint, study.data.split), []).append(study)
    uses = [SplitUse(fingerprint, split, tuple(of)) for (fingerprint, split), of in by_split.items()]
    return sorted(uses, key=lambda use: (not use.fingerprint, -len(use.studies)))


def expected_false(studies: Sequence[StudyVerdict]) -> float:
    """Return how many studies at most are expected to hold a false word: 5% of those that could give one."""
    return ALPHA * sum(bool(study.pairs) and not study.void for study in studies)


@dataclass(frozen=True)
class Rematch:
    """Two arms of which one won, and what later studies by the same metric said of the same two."""

    winner: str
    loser: str
    metric: str
    first: StudyVerdict
    later: tuple[tuple[StudyVerdict, str], ...]  # study, and "won", "lost", "equivalent", "undecided" of the winner

    @property
    def counts(self) -> Counter[str]:
        """Outcome -> later studies."""
        return Counter(outcome for _, outcome in self.later)


def rematches(studies: Sequence[StudyVerdict]) -> list[Rematch]:
    """Return every first win that a later study looked at again; arms are known by their names, voids say nothing."""
    found: dict[tuple[str, str, frozenset[str]], Rematch] = {}
    for study in studies:
        for pair in [] if study.void else study.pairs:
            key = (study.metric.name, study.metric.direction, frozenset((pair.a, pair.b)))
            if (known := found.get(key)) is not None and pair.word != "void":
                later = (*known.later, (study, _outcome(pair, known.winner)))
                found[key] = Rematch(known.winner, known.loser, known.metric, known.first, later)
            elif known is None and (winner := pair.winner) is not None:
                loser = pair.b if winner == pair.a else pair.a
                found[key] = Rematch(winner, loser, study.metric.name, study, ())
    return [rematch for rematch in found.values() if rematch.later]


def _outcome(pair: StudyPair, winner: str) -> str:
    if pair.winner is None:
        return pair.word
    return "won" if pair.winner == winner else "lost"
