"""Telling a person who is elsewhere: a command or a web address, at a verdict, at the breaker, at the end.

What cannot be delivered is one warning: no sweep waits for it or fails of it.
"""

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

from sweeps.commands.options import is_address
from sweeps.coordinator import Coordinator
from sweeps.decision import PairState
from sweeps.experiment import Experiment
from sweeps.experiment_folder import ExperimentFolder, Ledger, LookRecord, describe_look, read_looks

#: How long a command or an answer is waited for.
PATIENCE_S = 30.0


class Notifier:
    """Sends what happens, one thing after another, beside the sweep. Without a target it does nothing."""

    def __init__(self, target: str | None, experiment: Experiment, root: ExperimentFolder) -> None:
        self._target, self._experiment, self._root = target, experiment, root
        self._sender = ThreadPoolExecutor(1, "notify")
        self._sent: list[Future[str | None]] = []
        self._told = {_named(pair) for look in self._looks() for pair in look.pairs if pair.word != "undecided"}
        self._size = self._ledger_size()

    def lines(self) -> Iterator[str]:
        """Look whether a verdict has fallen and send it; yield a warning for what could not be delivered."""
        if self._target is None:
            return
        if (size := self._ledger_size()) != self._size:
            self._size = size
            for look in self._looks():
                fallen = [pair for pair in look.pairs if pair.word != "undecided" and _named(pair) not in self._told]
                if fallen:
                    self._told |= {_named(pair) for pair in fallen}
                    self.tell("verdict", describe_look(look, self._experiment))
        yield from self._failures(wait_s=0.0)

    def tell(self, event: str, text: str) -> None:
        """Send one thing: `verdict`, or how the sweep has ended, and a sentence."""
        if self._target is not None:
            facts = {"event": event, "experiment": self._experiment.name, "folder": str(self._root.path), "text": text}
            self._sent.append(self._sender.submit(deliver, self._target, facts))

    def close(self) -> list[str]:
        """Wait until all is sent, and return a warning for what could not be delivered."""
        warnings = list(self._failures(wait_s=PATIENCE_S))
        self._sender.shutdown(wait=False, cancel_futures=True)
        return warnings

    def _failures(self, wait_s: float) -> Iterator[str]:
        for sent in list(self._sent):
            if sent.done() or wait_s:
                self._sent.remove(sent)
                if reason := sent.result(wait_s):
                    yield f"warning: --notify: {reason}"

    def _ledger_size(self) -> int:
        return self._root.ledger.stat().st_size if self._target and self._root.ledger.exists() else 0

    def _looks(self) -> list[LookRecord]:
        if self._target is None or self._experiment.confirm.stop != "sure":
            return []
        return list(read_looks(Ledger(self._root.ledger).read()))


def ending_of(coordinator: Coordinator) -> tuple[str, str]:
    """Return how a sweep has ended: `interrupted`, `broken`, `stopped` or `ended`, and a sentence."""
    standing, counts = coordinator.standing, coordinator.counts
    done = f"{len(counts.settled)} of {counts.n_planned} runs done"
    if coordinator.signals:
        return "interrupted", f"interrupted: {done}; the same command goes on"
    if standing.stopping:
        return "broken" if standing.is_broken else "stopped", f"stopped ({standing.stopping}): {done}"
    last = coordinator.rule.last
    verdict = "" if last is None else f"; {describe_look(last, coordinator.experiment)}"
    return "ended", f"{done}{verdict}; python analyze.py {coordinator.root.path}"


def _named(pair: PairState) -> tuple[str, str]:
    return pair.a, pair.b


def deliver(target: str, facts: Mapping[str, Any]) -> str | None:
    """Send facts to a target; return why it did not work, or None.

    A command gets them as JSON on its standard input and as `CVAE_EVENT`, `CVAE_EXPERIMENT`, `CVAE_FOLDER` and
    `CVAE_TEXT` in its environment; an address as the body of a POST.
    """
    body = json.dumps(facts).encode()
    try:
        if is_address(target):
            request = urllib.request.Request(target, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=PATIENCE_S):
                return None
        named = {f"CVAE_{key.upper()}": str(value) for key, value in facts.items()}
        done = subprocess.run(
            target, shell=True, input=body, env=os.environ | named, capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"'{target}' did not end within {PATIENCE_S:.0f} s"
    except HTTPException as error:  # may repeat the address or what answered
        return f"{_shown_target(target)}: {type(error).__name__}"
    except (OSError, ValueError) as error:
        return f"{_shown_target(target)}: {getattr(error, 'reason', None) or error}"
    if done.returncode == 0:
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"'{target}' ended with status {done.returncode}" + (f": {said[-1]}" if said else "")


def _shown_target(target: str) -> str:
    """Return a target as it may be shown: an address without its path and user, since whoever knows them may post."""
    if not is_address(target):
        return f"'{target}'"
    scheme, _, rest = target.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest)[0].rpartition('@')[2]}"
