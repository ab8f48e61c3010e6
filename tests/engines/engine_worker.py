"""A worker that computes nothing, for real engines: `engine_worker.py RUN_FOLDER TOKEN`, as `-m sweeps.worker` has it.

It keeps the whole protocol: claim, fence, state, heartbeat, evaluations, stop, SIGTERM. Each of its writes leaves a
line in a `writes-*.jsonl` of its own beside the run's record, so that a test can see who wrote when. The folder of all
runs may hold `hold` (the step after which to wait, beating, until the file is gone) and `deaf` (SIGTERM is not heard).
"""

import importlib.util
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from cvae.errors import AlreadyTraining
from cvae.record import RunState
from cvae.record.run_folder import RunFolder
from tests.sweeps.stub_worker import STEPS, prefix_of, score

REPOSITORY = Path(__file__).parents[2]


def without_torch(path: str) -> Any:
    """Return a module by its file: its package would load PyTorch, which takes longer than all else here."""
    spec = importlib.util.spec_from_file_location("loaded_alone", REPOSITORY / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["loaded_alone"] = module
    spec.loader.exec_module(module)
    return module


fence_module = without_torch("cvae/run/fence.py")


def end_on_signal(*_: Any) -> None:
    raise SystemExit(143)


def witness(folder: RunFolder, token: str, what: str) -> None:
    """Say who writes, in a file of this process alone: two appenders on a shared disk overwrite each other."""
    line = json.dumps({"at": time.monotonic(), "token": token, "pid": os.getpid(), "what": what})
    with (folder.path / f"writes-{token}-{os.getpid()}.jsonl").open("a") as file:
        file.write(line + "\n")


def wait_while_held(folder: RunFolder, step: int) -> None:
    """Wait before a step as long as a test wants it, at work like one that is in a long evaluation."""
    hold, n = folder.path.parents[2] / "hold", 0
    while _held_at(hold) < step:
        time.sleep(0.2)
        n += 1
        folder.heartbeat.write_text(f"{step} {n}")


def _held_at(hold: Path) -> float:
    try:
        return int(hold.read_text())
    except FileNotFoundError:
        return float("inf")


def work(folder: RunFolder, token: str) -> int:
    runs = folder.path.parents[2]
    if not (runs / "deaf").exists():
        signal.signal(signal.SIGTERM, end_on_signal)
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    fence = fence_module.Fence(folder, token)
    with fence_module.taken(fence):
        fence.check()
        before = folder.read_state()
        if before.is_final:
            return 0
        fence.claim()
        done = len(folder.read_epochs())
        folder.keep_epochs(done)  # also ends a torn line
        state = RunState("running", attempt=before.attempt + 1, pid=os.getpid(), token=token, total_steps=STEPS)
        folder.write_state(replace(state, step=done))
        witness(folder, token, "begin")
        try:
            for step in range(done + 1, STEPS + 1):
                time.sleep(0.02)
                wait_while_held(folder, step)
                fence.check()
                witness(folder, token, f"step {step}")
                folder.append_epoch({"step": step, "val/psnr": score(folder, step), "train/kl": 1.0})
                folder.heartbeat.write_text(str(step))
                state = replace(state, step=step)
                if step < STEPS and (asked := folder.asked_status()):
                    folder.write_state(replace(state, status=asked))
                    return 0
                folder.write_state(state)
        except SystemExit:
            if fence.is_ours:
                folder.write_state(replace(state, status="interrupted"))
            raise
        witness(folder, token, "finish")
        final = {f"{prefix_of(folder)}/psnr": score(folder, STEPS)}
        folder.write_state(replace(state, status="finished", step=STEPS, final=final))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(work(RunFolder(Path(sys.argv[1])), sys.argv[2]))
    except AlreadyTraining as error:
        print(error, file=sys.stderr)
        sys.exit(3)
