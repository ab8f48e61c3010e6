"""One page over all verdicts, by the command that writes it."""

import subprocess
import sys
from pathlib import Path

from sweeps.report.all_verdicts.overview import summary_lines
from sweeps.report.all_verdicts.verdict_files import read_verdicts
from tests.sweeps.report.all_verdicts.test_verdict_files import plant, verdict

ROOT = Path(__file__).parents[4]


def pair(name: str, word: str, difference: float) -> dict[str, object]:
    return {"a": name, "b": "constant", "verdict": word, "n": 6, "difference": difference}


def laboratory(runs: Path) -> Path:
    plant(runs, "one", verdict(headline="<b> & |first|", pairs=[pair("c", "better", 0.3)]), "2026-01-01T00:00:00")
    plant(runs, "two", verdict(pairs=[pair("c", "better", 0.2), pair("d", "undecided", 0.1)]), "2026-02-01T00:00:00")
    plant(runs, "three", verdict(pairs=[pair("c", "equivalent", 0.0)]), "2026-03-01T00:00:00")
    (runs / "one" / "report" / "index.html").write_text("")
    return runs


def test_the_first_lines_count_studies_words_splits_and_rematches(tmp_path: Path) -> None:
    lines = summary_lines(read_verdicts(laboratory(tmp_path)))
    assert lines[0] == "3 studies, 4 pairs of arms: 2 decided, 1 equivalent, 1 undecided."
    assert lines[1].startswith("At most 0.15 of these studies are expected to hold a false better or worse")
    assert lines[2] == "The test split of data f1 was used by 3 studies, for 4 comparisons."
    assert lines[3] == "Winners that a later study looked at again won in 1 of 2 (50%); 1 equivalent."


def test_the_command_writes_one_page_and_names_what_it_skipped(tmp_path: Path) -> None:
    laboratory(tmp_path / "runs")
    plant(tmp_path / "runs", "bad", "{")
    command = [sys.executable, "analyze.py", "--all", str(tmp_path / "runs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    *_, skipped, path = done.stdout.splitlines()
    assert skipped.startswith(f"skipped: {tmp_path}/runs/bad/report/verdict.json: is not JSON")
    page = Path(path).read_text()
    assert "&lt;b&gt; &amp; |first|" in page
    assert '<a href="one/report/index.html">one</a>' in page
    assert "two: won; three: equivalent" in page
    assert "bad/report/verdict.json" in page
    assert "<script" not in page
    text = (tmp_path / "runs" / "verdicts.md").read_text()
    assert "| &lt;b&gt; &amp; \\|first\\| |" in text
    assert "| c | constant | 1 of 2 (50%) | val/psnr | one | two: won; three: equivalent |" in text


def test_links_lead_from_where_the_page_lies(tmp_path: Path) -> None:
    laboratory(tmp_path / "runs")
    command = [sys.executable, "analyze.py", "--all", str(tmp_path / "runs"), "--into", str(tmp_path / "lab" / "pages")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    page = Path(done.stdout.splitlines()[-1])
    assert page == tmp_path / "lab" / "pages" / "verdicts.html"
    assert '<a href="../../runs/one/report/index.html">one</a>' in page.read_text()


def test_all_stands_alone(tmp_path: Path) -> None:
    command = [sys.executable, "analyze.py", "--all", str(tmp_path), "runs/x"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: --all reads the verdicts that are there; of other options only --into goes with it\n"
