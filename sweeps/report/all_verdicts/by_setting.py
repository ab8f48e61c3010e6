"""Draw several studies side by side: `python -m sweeps.report.all_verdicts.by_setting SETTING=VERDICT...`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from cvae.cli import new_command, run_command
from cvae.console import echo_line
from cvae.errors import InputError
from cvae.files import write_atomically
from cvae.places import HoldsPlace, expand_place
from sweeps.experiment import Metric
from sweeps.report.all_verdicts.study_verdict import StudyVerdict
from sweeps.report.all_verdicts.verdict_files import read_verdict
from sweeps.report.figures import SettingDifference, csv_bytes, difference_by_setting, svg_of
from sweeps.report.reading import strictest_margin

app = new_command()


@dataclass(frozen=True)
class Setting:
    """A study's verdict under the name that the figure gives its setting."""

    name: str
    path: Path
    verdict: StudyVerdict


def _expand_verdict(given: str) -> str:
    setting, is_pair, path = given.partition("=")
    return f"{setting}{is_pair}{expand_place(path)}"


@app.command()
def draw_settings(
    settings: Annotated[
        list[str],
        HoldsPlace(_expand_verdict),
        typer.Argument(metavar="SETTING=VERDICT...", help="what the figure calls it, and its verdict.json"),
    ],
    reference: Annotated[str, typer.Option(metavar="ARM", help="the arm that the others are held against")],
    out: Annotated[Path, typer.Option(metavar="FILE.svg", help="the figure; its points go to FILE.csv")],
) -> None:
    """Draw every arm's difference to a reference arm in several studies, and print the caption."""
    if out.suffix != ".svg":
        raise InputError(f"--out is {out}; allowed: a name that ends in .svg")
    read = [_read(given) for given in settings]
    metric = _common_metric(read)
    points = [point for setting in read for point in _differences(setting, reference)]
    arms = list(dict.fromkeys([reference, *(point.arm for point in points)]))
    figure = difference_by_setting(metric, arms, reference, points, list(_remarks(read, points)))
    write_atomically(out.with_suffix(".csv"), csv_bytes([asdict(point) for point in points]))
    write_atomically(out, svg_of(figure).encode())
    echo_line(f"{out}: {figure.title}. {figure.caption}")


def _read(given: str) -> Setting:
    name, is_pair, written = given.partition("=")
    if not (name and is_pair and written):
        raise InputError(f"{given}: expected SETTING=VERDICT, such as long=docs/study/long/verdict.json")
    path = Path(written)
    try:
        return Setting(name, path, read_verdict(path.resolve()))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _common_metric(settings: Sequence[Setting]) -> Metric:
    """Return what all studies were decided by, with the strictest margin; none where a study declared none."""
    first = settings[0]
    by = first.verdict.metric
    for setting in settings[1:]:
        other = setting.verdict.metric
        for key, x, y in (("metric", by.name, other.name), ("direction", by.direction, other.direction)):
            if x != y:
                raise InputError(f"{first.path} and {setting.path} cannot be compared: the {key} is {x} and {y}")
    margin = strictest_margin(setting.verdict.metric.margin for setting in settings)
    return Metric.model_validate({"name": by.name, "direction": by.direction, "margin": margin})


def _differences(setting: Setting, reference: str) -> list[SettingDifference]:
    arms = dict.fromkeys(arm for pair in setting.verdict.pairs for arm in (pair.b, pair.a))
    if reference not in arms:
        raise InputError(f"{setting.path}: has no arm '{reference}' to be the reference; it has {', '.join(arms)}")
    found = []
    for arm in arms:
        pair = setting.verdict.pair_of(arm, reference)
        if pair is not None and pair.difference is not None:
            low, high = pair.interval or (None, None)
            word = "void" if setting.verdict.void else pair.word
            found.append(SettingDifference(setting.name, arm, pair.difference, low, high, pair.n, word))
    if not found:
        raise InputError(f"{setting.path}: has no difference to '{reference}' yet")
    return found


def _remarks(settings: Sequence[Setting], points: Sequence[SettingDifference]) -> list[str]:
    """Return what a reader has to know beside the figure: what is void, and what is not over."""
    void = [f"{point.arm} ({point.setting})" for point in points if point.verdict == "void"]
    told = [s for s in settings if isinstance(s.verdict.seeds, dict)]
    unfinished = [setting.name for setting in told if setting.verdict.seeds.get("complete") is False]
    remarks = [f"Void, because both posteriors have collapsed: {', '.join(void)}."] if void else []
    return remarks + ([f"Not finished: {', '.join(unfinished)}."] if unfinished else [])


if __name__ == "__main__":
    run_command(app)
