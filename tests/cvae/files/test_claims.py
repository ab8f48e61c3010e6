"""What is claimed once: of many who ask at the same time one wins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cvae.files import claim_once

ROOT = Path(__file__).parents[3]

#: Claims names one after another, as fast as the others do, and prints those that it won.
CLAIMER = """
import sys
from pathlib import Path
from cvae.files import claim_once
print("ready", flush=True)
sys.stdin.readline()
print(*[n for n in range(200) if claim_once(Path(sys.argv[1]) / f"claim-{n}")])
"""


def test_of_two_processes_one_wins_each_of_two_hundred_claims(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLAIMER, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    claimers = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(2)]
    for claimer in claimers:
        assert claimer.stdout.readline() == "ready\n"
    for claimer in claimers:
        claimer.stdin.write("go\n")
        claimer.stdin.flush()
    won = [[int(n) for n in claimer.communicate()[0].split()] for claimer in claimers]
    assert sorted(won[0] + won[1]) == list(range(200))
    assert not list(tmp_path.glob(".*"))


def test_without_hard_links_one_wins_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuses)
    assert claim_once(tmp_path / "claim")
    assert not claim_once(tmp_path / "claim")


def test_a_link_whose_answer_was_lost_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.link

    def answers_twice(source: Path, target: Path) -> None:
        plain(source, target)
        plain(source, target)  # a network disk sent it again: it exists by now

    monkeypatch.setattr(os, "link", answers_twice)
    assert claim_once(tmp_path / "claim")
