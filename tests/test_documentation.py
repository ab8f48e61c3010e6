"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.__main__ import find_benchmarks
from cvae.config import build_config, training_flops
from cvae.config.__main__ import table
from cvae.config.yaml_file import parse_yaml
from sweeps.estimate.costs import typical
from sweeps.experiment import all_runs, load_experiment

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "experiments" / "README.md",
]


def test_the_configuration_page_is_current() -> None:
    # made again with: python -m cvae.config
    page = (ROOT / "docs" / "configuration.md").read_text()
    intro, of_keys = page[: page.index("| key ")], page[page.index("| key ") :]
    assert intro.startswith("# Configuration\n")
    assert of_keys == table()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    mentioned = re.findall(r"\b(?:docs|experiments|tests|cvae|sweeps)/[\w/.]+\.(?:md|py|yaml|png)\b", text)
    missing = [t for t in links if not (page.parent / t).exists()]
    missing += [m for m in mentioned if "NAME" not in m and not (ROOT / m).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_run_of_the_quickstart_that_a_page_names_is_one(page: Path) -> None:
    quickstart = load_experiment(ROOT / "experiments" / "quickstart.yaml")
    seeds = range(quickstart.seed + 1000, quickstart.seed + 1000 + quickstart.confirm.seeds)
    for arm, run in re.findall(r"runs/quickstart/(\w+)/((?:tune|confirm)-[\w-]+)", page.read_text()):
        assert arm in quickstart.arms
        assert run in {"tune-000", "tune-001", *(f"confirm-0-s{seed}" for seed in seeds)}


def test_every_experiment_is_in_the_index() -> None:
    index = (ROOT / "experiments" / "README.md").read_text()
    files = sorted(p.name for p in (ROOT / "experiments").glob("*.yaml"))
    assert len(files) >= 3
    assert [name for name in files if f"`{name}`" not in index] == []


def test_the_device_hours_at_the_published_size_are_the_plans_arithmetic() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    rows = re.findall(r"^\| `(\w+)\.yaml` \| (\d+) \| (\S+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert {f"bair_{name}" for name in ("given", "searched", "long", "forcing")} <= {row[0] for row in rows}
    for name, *said in rows:
        experiment = load_experiment(ROOT / "experiments" / f"{name}.yaml")
        runs = all_runs(experiment)
        flops = sum(training_flops(typical(experiment, run.arm, run.phase)) for run in runs)
        hours = [f"{flops / rate / 3600:.0f}" for rate in (1e13, 1e14)]
        assert said == [str(len(runs)), f"{flops:.1e}", *hours]


#: What a ratio may be a ratio to, as pages name it.
BASELINE = re.compile(
    r"SVG's order|lab's order|fixed 24 \+ 20|PyTorch|one slot|as one prediction at a time|under load"
    r"|[Aa]gainst the page cache"
)


def ratios_without_a_baseline(text: str) -> list[str]:
    """Return the sentences of a page's prose that quote a ratio and do not say to what."""
    prose = " ".join(line for line in text.splitlines() if not line.startswith(("|", "    ")))
    quoting = re.compile(r"\d[\d.]* times (?:as|the|SVG|faster|slower|what)|\d[\d.]* times\)|ratio of \d")
    sentences = [sentence for sentence in re.split(r"(?<=[.:;]) +", prose) if quoting.search(sentence)]
    return [sentence for sentence in sentences if not BASELINE.search(sentence)]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_no_ratio_is_quoted_without_its_baseline(page: Path) -> None:
    # figures of the record stand in the measured tables, so the prose may have none: the test below shows what is found
    assert ratios_without_a_baseline(page.read_text()) == []


def test_a_ratio_without_its_baseline_is_found() -> None:
    said = "A step is 3.1 times as fast. It takes 2 times the step in SVG's order. The rest is 1.2 times slower;"
    assert ratios_without_a_baseline(said) == ["A step is 3.1 times as fast.", "The rest is 1.2 times slower;"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_table_of_ratios_names_each_baseline(page: Path) -> None:
    heading: list[str] = []
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        heading = cells if cells and not heading else heading if cells else []
        if not {"ratio", "baseline"} <= set(heading) or cells == heading or set(line) <= set("|- "):
            continue
        baseline = re.sub(r"\b(?:s|ms|min|MiB|GiB)\b", "", cells[heading.index("baseline")])
        # a count after so many runs, or of epochs, is of the row's own words
        assert re.search(r"[A-Za-z]{3,}", baseline) or page.stem == "sweeps", f"{page.name}: {line}"


def test_the_training_rows_name_their_baseline() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    rows = [line for line in page.splitlines() if re.match(r"\| .*training step, ", line)]
    assert len(rows) >= 5
    orders = r"SVG's order, float32(?:, freed memory kept)?|the lab's order, float32"
    names = rf"\| (?:{orders}|batched, freed memory given back): "
    assert [row for row in rows if not re.search(names, row)] == []


@pytest.mark.parametrize("page", tables.PAGES, ids=lambda p: p.stem)
def test_the_measured_tables_are_those_of_the_record(page: Path) -> None:
    # made again with: python -m benchmarks.tables
    text = page.read_text()
    assert tables.rewritten(text) == text


def test_every_benchmark_has_its_table_in_one_page() -> None:
    text = "".join(page.read_text() for page in tables.PAGES)
    assert sorted(re.findall(r"<!-- measured: (\w+) -->", text)) == sorted([*find_benchmarks(), "verdict_cost"])
    assert text.count("<!-- end -->") == text.count("<!-- measured: ")


def test_every_data_section_of_the_data_page_is_one() -> None:
    page = (ROOT / "docs" / "data.md").read_text()
    sections = re.findall(r"data: \{source: .*?\}(?=`| *$)", page, re.MULTILINE)
    parsed = [build_config(parse_yaml(section, "docs/data.md"), section).data.source for section in sections]
    assert len(sections) >= 9
    assert {"pushing", "bair", "lerobot", "rlds", "episodes"} == set(parsed)
