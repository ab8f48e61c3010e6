"""Who is told of a sweep, of what, and that it never waits or fails of it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cvae.errors import InputError
from sweeps.commands.notify import Notifier, deliver, ending_of
from sweeps.commands.options import parse_target
from sweeps.decision import PairState
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.experiment_folder.ledger import Ledger
from sweeps.experiment_folder.look_records import LookRecord
from sweeps.experiment_folder.paths import ExperimentFolder
from tests.sweeps.stepping_sweep import TOY

FACTS = {"event": "ended", "experiment": "toy", "folder": "runs/toy", "text": "4 of 4 runs done"}


@pytest.fixture
def experiment() -> Experiment:
    return build_experiment(TOY | {"arms": {"a": {}, "b": {}}, "confirm": {"seeds": 8, "stop": "sure"}}, "t")


@pytest.fixture
def root(tmp_path: Path) -> ExperimentFolder:
    (tmp_path / "toy").mkdir()
    return ExperimentFolder(tmp_path / "toy")


def look(blocks: int, word: str) -> dict[str, Any]:
    pair = PairState("b", "a", blocks, 0.4, (0.1, 0.7), word, 0.5, (0, 0), asks=word == "undecided")  # type: ignore[arg-type]
    return asdict(LookRecord(blocks, 8, (pair,)))


def kept(path: Path) -> list[dict[str, Any]]:
    """What a command that appends its input to a file was told."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_command_gets_the_facts_twice(tmp_path: Path) -> None:
    told = tmp_path / "told"
    command = f'cat > {told}; echo "$CVAE_EVENT|$CVAE_EXPERIMENT|$CVAE_FOLDER|$CVAE_TEXT" > {told}.env'
    assert deliver(command, FACTS) is None
    assert json.loads(told.read_text()) == FACTS
    assert Path(f"{told}.env").read_text() == "ended|toy|runs/toy|4 of 4 runs done\n"


def test_what_cannot_be_delivered_is_one_sentence() -> None:
    assert deliver("echo no such thing >&2; exit 3", FACTS) == (
        "'echo no such thing >&2; exit 3' ended with status 3: no such thing"
    )
    assert "refused" in str(deliver("http://127.0.0.1:9/hook", FACTS)).lower()


@pytest.mark.parametrize("rest", ["hunter2", "x?token=hunter2", "a hunter2", "#hunter2"])
def test_an_address_is_named_without_what_lets_others_post_there(rest: str) -> None:
    # nobody listens there; one with a blank in it is none at all
    said = str(deliver(f"http://me:hunter2@127.0.0.1:9/{rest}", FACTS))
    assert said.startswith("http://127.0.0.1:9: ")
    assert "hunter2" not in said


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    posted: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if posted[-1]["event"] == "broken" else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_posted_to(hook: tuple[str, list[dict[str, Any]]]) -> None:
    address, posted = hook
    assert deliver(address, FACTS) is None
    assert posted == [FACTS]
    assert "Internal Server Error" in str(deliver(address, FACTS | {"event": "broken"}))


def test_a_verdict_is_told_once_when_it_falls(experiment: Experiment, root: ExperimentFolder, tmp_path: Path) -> None:
    told, ledger = tmp_path / "told", Ledger(root.ledger)
    notifier = Notifier(f"cat >> {told}; echo >> {told}", experiment, root)
    for facts in (look(6, "undecided"), look(7, "above"), look(8, "above")):
        ledger.append("look", **facts)
        assert list(notifier.lines()) == []
    assert notifier.close() == []
    assert [(one["event"], one["text"]) for one in kept(told)] == [("verdict", "b - a: better at 7 of 8 seeds")]
    again = Notifier(f"cat >> {told}; echo >> {told}", experiment, root)  # a coordinator that goes on
    ledger.append("ended", run="a/confirm-0-s0")
    assert list(again.lines()) == []
    assert again.close() == []
    assert len(kept(told)) == 1


def test_a_failure_is_one_warning_and_nothing_waits(experiment: Experiment, root: ExperimentFolder) -> None:
    notifier = Notifier("exit 1", experiment, root)
    notifier.tell("ended", "done")
    assert notifier.close() == ["warning: --notify: 'exit 1' ended with status 1"]
    silent = Notifier(None, experiment, root)
    silent.tell("ended", "done")
    assert (list(silent.lines()), silent.close()) == ([], [])


@pytest.mark.parametrize(
    ("changes", "event", "words"),
    [
        ({}, "ended", "2 of 4 runs done; python analyze.py runs/toy"),
        ({"signals": [2]}, "interrupted", "the same command goes on"),
        (
            {"stopping": "3 runs failed in a row", "is_broken": True},
            "broken",
            "stopped (3 runs failed in a row)",
        ),
        ({"stopping": "asked by --stop"}, "stopped", "asked by --stop"),
    ],
)
def test_every_end_has_its_word(changes: dict[str, Any], event: str, words: str) -> None:
    class Coordinator:
        signals: list[int] = changes.get("signals", [])

        class counts:  # noqa: N801
            settled = (1, 2)
            n_planned = 4

        class standing:  # noqa: N801
            stopping = changes.get("stopping")
            is_broken = changes.get("is_broken", False)

        class rule:  # noqa: N801
            last = None

        class root:  # noqa: N801
            path = Path("runs/toy")

    found = ending_of(Coordinator())  # type: ignore[arg-type]
    assert found[0] == event
    assert words in found[1]


@pytest.mark.parametrize(("text", "words"), [(" ", "--notify is empty"), ("https://", "needs a host")])
def test_a_target_that_says_nothing_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_target(text)
    assert parse_target("notify-send done") == "notify-send done"
