"""Studies of the same arms over different lengths of training: read, held against each other, and what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvae.errors import InputError
from sweeps.experiment import Experiment, Metric, load_experiment
from sweeps.experiment_folder import find_experiment_file
from sweeps.experiment_folder.consistency import flatten
from sweeps.report.all_verdicts.study_verdict import StudyPair, StudyVerdict
from sweeps.report.all_verdicts.verdict_files import read_verdict
from sweeps.report.figures import Advantage
from sweeps.report.reading import strictest_margin
from sweeps.search_space import corners

#: Keys that are the length itself, or a seed.
_OF_THE_LENGTH = ("seed", "train.steps")


@dataclass(frozen=True)
class LengthStudy:
    """An experiment, its verdict, and how long it trains every arm."""

    experiment: Experiment
    verdict: StudyVerdict
    path: Path  # of the verdict
    updates: int

    @property
    def is_over(self) -> bool:
        """Whether every planned run has ended, as far as the verdict says."""
        seeds = self.verdict.seeds
        return not isinstance(seeds, dict) or seeds.get("complete") is not False


def read_length_study(given: str, runs: Path = Path("runs")) -> LengthStudy:
    """Read `EXPERIMENT=VERDICT`: an experiment's file, name or folder, and the path of its verdict.json.

    Raises:
        InputError: one of them cannot be read, they are not of the same experiment, or its arms train differently long.
    """
    file, is_pair, written = given.partition("=")
    if not (file and is_pair and written):
        raise InputError(f"{given}: expected EXPERIMENT=VERDICT, such as study_long=docs/study/long/verdict.json")
    found, path = find_experiment_file(Path(file), runs), Path(written)
    experiment = load_experiment(found)
    try:
        verdict = read_verdict(path.resolve())
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    metric = experiment.metric
    for key, declared, said in (
        ("name", experiment.name, verdict.experiment),
        ("metric.name", metric.name, verdict.metric.name),
        ("metric.direction", metric.direction, verdict.metric.direction),
        ("metric.margin", metric.margin, verdict.metric.margin),
        ("the final score", experiment.score_key("confirm"), verdict.metric.read_as),
    ):
        if declared != said:
            raise InputError(
                f"{path}: is no verdict of {found}: {key} is {said} in it and {declared} in the experiment"
            )
    for arm in dict.fromkeys(arm for pair in verdict.pairs for arm in (pair.a, pair.b)):
        if arm not in experiment.arms:
            raise InputError(f"{path}: is no verdict of {found}: the experiment has no arm '{arm}'")
    return LengthStudy(experiment, verdict, path, _updates(experiment, found))


def _updates(experiment: Experiment, file: Path) -> int:
    """Return the number of updates, the same in every arm and at every bound of its search."""
    by_arm = {
        arm: sorted(
            experiment.config(arm, point, experiment.seed, experiment.confirm.split).train.steps
            for point in ({}, *corners(experiment.space(arm)))
        )
        for arm in experiment.arms
    }
    each = sorted({steps for of in by_arm.values() for steps in of})
    if len(each) > 1:
        raise InputError(f"{file}: train.steps is {each[0]} to {each[-1]}; allowed: one length for all of a study")
    return each[0]


def check_alike(studies: Sequence[LengthStudy]) -> None:
    """Check that the studies measure the same on the same data, and for different lengths of training.

    Raises:
        InputError: they do not; names both files and the difference.
    """
    if len(studies) < 2:
        raise InputError("one study has one length; expected two or more EXPERIMENT=VERDICT")
    by_length: dict[int, LengthStudy] = {}
    for study in studies:
        if (other := by_length.setdefault(study.updates, study)) is not study:
            raise InputError(f"{other.path} and {study.path}: both are of {study.updates} updates; allowed: one each")
    first = studies[0]
    for study in studies[1:]:
        both = [(each.verdict.metric, each.verdict.data) for each in (first, study)]
        (m, d), (n, e) = both
        for key, x, y in (
            ("metric", (m.name, m.direction), (n.name, n.direction)),
            ("score", m.read_as, n.read_as),
            ("data's fingerprint", set(d.fingerprints), set(e.fingerprints)),
        ):
            if x != y and x and y:
                said = " and ".join(value if isinstance(value, str) else ", ".join(sorted(value)) for value in (x, y))
                raise InputError(f"{first.path} and {study.path} cannot be compared: the {key} is {said}")


def common_metric(studies: Sequence[LengthStudy]) -> Metric:
    """Return the metric with the strictest margin; without one where a study declared none."""
    margin = strictest_margin(study.experiment.metric.margin for study in studies)
    return studies[0].experiment.metric.model_copy(update={"margin": margin})


def arms_of_all(studies: Sequence[LengthStudy]) -> list[str]:
    """Return every arm, in the order in which the experiments name them."""
    return list(dict.fromkeys(arm for study in studies for arm in study.experiment.arms))


def advantages(studies: Sequence[LengthStudy], reference: str) -> list[Advantage]:
    """Return every arm's difference to the reference in every study, in the order of studies and arms.

    Raises:
        InputError: a study lacks the reference or a pair with it, or none has a difference.
    """
    found = []
    for study in studies:
        arms = study.experiment.arms
        if reference not in arms:
            raise InputError(f"{study.path}: has no arm '{reference}' to be the reference; it has {', '.join(arms)}")
        for arm in arms:
            if arm == reference:
                continue
            if (pair := study.verdict.pair_of(arm, reference)) is None:
                raise InputError(f"{study.path}: does not say how '{arm}' compares with '{reference}'")
            if pair.difference is not None:
                found.append(_advantage(study, pair, pair.difference))
    if not found:
        raise InputError(f"{studies[0].path}: has no difference to '{reference}' yet, nor has any other of the studies")
    return found


def _advantage(study: LengthStudy, pair: StudyPair, difference: float) -> Advantage:
    low, high = pair.interval or (None, None)
    word = "void" if study.verdict.void else pair.word
    return Advantage(pair.a, study.updates, difference, low, high, pair.n, word, study.experiment.name)


def remarks_on(studies: Sequence[LengthStudy], points: Sequence[Advantage]) -> Iterator[str]:
    """Yield what a reader has to know beside the lengths: what is void or not over, and what else differs."""
    void = [f"{point.arm} at {point.updates:,}" for point in points if point.verdict == "void"]
    if void:
        yield f"Void, because both posteriors have collapsed: {', '.join(void)}."
    if unfinished := [f"{study.updates:,} updates" for study in studies if not study.is_over]:
        yield f"Not finished: {', '.join(unfinished)}."
    if others := list(_other_differences(studies)):
        yield f"Beside their lengths the studies differ in {'; '.join(others)}."


def _other_differences(studies: Sequence[LengthStudy]) -> Iterator[str]:
    """Yield every key whose value differs for an arm of two studies, with the values at each length."""
    settings = [{arm: _settings(study.experiment, arm) for arm in study.experiment.arms} for study in studies]
    for path in dict.fromkeys(path for of in settings for values in of.values() for path in values):
        values = [{arm: str(own.get(path, "none")) for arm, own in of.items()} for of in settings]
        each: list[dict[str, None]] = [{} for _ in studies]
        for arm in arms_of_all(studies):
            known = {i: of[arm] for i, of in enumerate(values) if arm in of}
            for i, value in known.items() if len(set(known.values())) > 1 else ():
                each[i][value] = None
        if any(each):
            at = [f"{' or '.join(own)} at {s.updates:,}" for s, own in zip(studies, each, strict=True) if own]
            yield f"{path} ({', '.join(at)})"


def _settings(experiment: Experiment, arm: str) -> dict[str, Any]:
    """Return path -> value of an arm's configuration, and how often it is tuned; what is searched has no value."""
    config = experiment.config(arm, {}, 0, experiment.confirm.split)
    searched = tuple(experiment.space(arm))
    flat = {
        path: value
        for path, value in flatten(config.model_dump(mode="json"))
        if path not in _OF_THE_LENGTH and not any(f"{path}.".startswith(f"{key}.") for key in searched)
    }
    tuned = {"tunings": experiment.n_tunings if experiment.tune else 0}
    return flat | dict.fromkeys(searched, "searched") | tuned
