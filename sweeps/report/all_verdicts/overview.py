"""One page over all verdicts, as HTML, as Markdown and in a few lines."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from cvae.console import markdown_text
from cvae.errors import InputError
from cvae.files import write_atomically
from sweeps.report.all_verdicts.study_verdict import COUNTED, StudyVerdict
from sweeps.report.all_verdicts.track_record import expected_false, rematches, uses_of_splits
from sweeps.report.all_verdicts.verdict_files import Verdicts
from sweeps.report.figures import TEMPLATES
from sweeps.report.output import template
from sweeps.report.wording import format_share


def write_overview(verdicts: Verdicts, folder: Path) -> Path:
    """Write `verdicts.html` and `verdicts.md` into a folder and return the page's path.

    Raises:
        InputError: a file cannot be written.
    """
    values = overview_values(verdicts, folder)
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    texts = {
        "verdicts.md": template("all_verdicts.md.j2", finalize=markdown_text).render(values),
        "verdicts.html": template("all_verdicts.html.j2").render(values | {"css": css}),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from error
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
    return folder / "verdicts.html"


def print_overview(verdicts: Verdicts, page: Path) -> None:
    """Print what the page says first, what could not be read, and its path last."""
    print("\n".join([*summary_lines(verdicts), *_skipped(verdicts), str(page)]))


def summary_lines(verdicts: Verdicts) -> list[str]:
    """Return what all studies together say, a sentence each."""
    studies = verdicts.studies
    words: Counter[str] = sum((study.words for study in studies), Counter())
    n_pairs = sum(words.values())
    given = ", ".join(f"{words[word]} {word}" for word in COUNTED if words[word])
    lines = [
        f"{_counted(len(studies), 'study', 'studies')}, {_counted(n_pairs, 'pair')} of arms: {given or 'none'}.",
        f"At most {expected_false(studies):.2g} of these studies are expected to hold a false better or worse, if each "
        "was planned before it was looked at.",
    ]
    uses = uses_of_splits(studies)
    if uses and uses[0].fingerprint:
        most = uses[0]
        lines.append(
            f"The {most.split} split of data {most.fingerprint[:12]} was used by "
            f"{_counted(len(most.studies), 'study', 'studies')}, for {_counted(most.n_pairs, 'comparison')}."
        )
    again: Counter[str] = sum((rematch.counts for rematch in rematches(studies)), Counter())
    if not (n := sum(again.values())):
        return [*lines, "No winner was looked at again by a later study."]
    rest = ", ".join(f"{again[outcome]} {outcome}" for outcome in ("lost", "equivalent", "undecided") if again[outcome])
    return [
        *lines,
        f"Winners that a later study looked at again won in {format_share(again['won'], n)}; {rest or 'none else'}.",
    ]


def _counted(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or f'{one}s'}"


def _skipped(verdicts: Verdicts) -> list[str]:
    copies = [f"counted once: {study.report} has the results of {first.report}" for study, first in verdicts.copies]
    return copies + [f"skipped: {unread.path}: {unread.reason}" for unread in verdicts.unread]


def overview_values(verdicts: Verdicts, folder: Path) -> dict[str, Any]:
    """Return name -> value of what both templates name; links start from a folder."""
    return {
        "folder": verdicts.folder,
        "summary": summary_lines(verdicts),
        "skipped": _skipped(verdicts),
        "words": COUNTED,
        "studies": [_study_row(study, folder) for study in verdicts.studies],
        "uses": [
            {
                "data": use.fingerprint[:12] or "not noted",
                "split": use.split or "not noted",
                "n": len(use.studies),
                "n_pairs": use.n_pairs,
                "studies": [study.report.parent.name for study in use.studies],
            }
            for use in uses_of_splits(verdicts.studies)
        ],
        "rematches": [
            {
                "winner": rematch.winner,
                "loser": rematch.loser,
                "metric": rematch.metric,
                "first": rematch.first.report.parent.name,
                "later": [f"{study.report.parent.name}: {outcome}" for study, outcome in rematch.later],
                "won": format_share(rematch.counts["won"], len(rematch.later)),
            }
            for rematch in rematches(verdicts.studies)
        ],
    }


def _study_row(study: StudyVerdict, folder: Path) -> dict[str, Any]:
    page = study.report / "index.html"
    return {
        "name": study.report.parent.name,
        "link": os.path.relpath(page, folder) if page.exists() else "",
        "since": study.since[:10],
        "metric": study.metric.read_as,
        "headline": study.headline,
        "counts": [study.words[word] for word in COUNTED],
    }
