"""What a study said, as its verdict.json holds it: of every pair of arms, by which metric, on which data."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, FiniteFloat

#: What may be said of a pair; a longer verdict begins with one of them.
WORDS = ("better", "worse", "equivalent", "undecided", "void")

#: The same as they are counted: which of two arms stands first is nobody's success.
COUNTED = ("decided", "equivalent", "undecided", "void")


@dataclass(frozen=True)
class StudyPair:
    """What a study said of arm a against arm b."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    a: str
    b: str
    verdict: str
    n: int = 0
    difference: FiniteFloat | None = None
    interval: tuple[FiniteFloat, FiniteFloat] | None = None  # 95%, of the difference
    void: bool = False

    @property
    def word(self) -> str:
        """The verdict's first word, which says all that counts here; void where both posteriors have collapsed."""
        return "void" if self.void else self.verdict.partition(" ")[0]

    @property
    def winner(self) -> str | None:
        """The better arm; None where the pair is not decided, or void."""
        return {"better": self.a, "worse": self.b}.get(self.word)

    def seen_from(self, arm: str) -> "StudyPair":
        """Return the same pair with one of its two arms first."""
        if arm == self.a:
            return self
        turned = {"better": "worse", "worse": "better"}
        first, *rest = self.verdict.split(" ", 1)
        return StudyPair(
            a=self.b,
            b=self.a,
            verdict=" ".join([turned.get(first, first), *rest]),
            n=self.n,
            difference=None if self.difference is None else -self.difference,
            interval=None if self.interval is None else (-self.interval[1], -self.interval[0]),
            void=self.void,
        )


@dataclass(frozen=True)
class StudyMetric:
    """What decided."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    name: str
    read_as: str
    direction: str
    margin: float | None = None


@dataclass(frozen=True)
class StudyData:
    """What was scored: the split, and what its data is known by."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    split: str = ""
    fingerprints: tuple[str, ...] = ()


@dataclass(frozen=True)
class StudyVerdict:
    """One study's verdict.json; `report` is the folder that it lies in and `since` when its first run was launched."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    schema: int
    experiment: str
    headline: str
    metric: StudyMetric
    pairs: list[StudyPair]
    void: bool = False
    data: StudyData = field(default_factory=StudyData)
    seeds: Any = None
    report: Path = Path()
    since: str = ""

    @property
    def words(self) -> Counter[str]:
        """How often each of `COUNTED` was said; all are void where the study is."""
        return Counter("void" if self.void else "decided" if pair.winner else pair.word for pair in self.pairs)

    def pair_of(self, arm: str, other: str) -> StudyPair | None:
        """Return what was said of two arms, the given one first; None where nothing was."""
        return next((pair.seen_from(arm) for pair in self.pairs if {pair.a, pair.b} == {arm, other}), None)

    @property
    def results(self) -> frozenset[tuple[str, str, int, float]]:
        """What was measured: the same in two reports on the same runs, and in no others."""
        return frozenset((p.a, p.b, p.n, p.difference) for p in self.pairs if p.n and p.difference is not None)
