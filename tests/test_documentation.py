"""What the documents say is what the code does."""

import re
from pathlib import Path

import pytest

from cvae.config import build_config
from cvae.config.__main__ import table
from cvae.config.yaml_file import parse_yaml

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


def test_every_experiment_is_in_the_index() -> None:
    index = (ROOT / "experiments" / "README.md").read_text()
    files = sorted(p.name for p in (ROOT / "experiments").glob("*.yaml"))
    assert len(files) >= 3
    assert [name for name in files if f"`{name}`" not in index] == []


def test_every_data_section_of_the_data_page_is_one() -> None:
    page = (ROOT / "docs" / "data.md").read_text()
    sections = re.findall(r"data: \{source: .*?\}(?=`| *$)", page, re.MULTILINE)
    parsed = [build_config(parse_yaml(section, "docs/data.md"), section).data.source for section in sections]
    assert len(sections) >= 9
    assert {"pushing", "bair", "lerobot", "rlds", "episodes"} == set(parsed)
