"""What a Ray head is asked, and what follows from the answers that were recorded of 2.60.0."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cvae.errors import InputError
from cvae.record import RunFolder
from sweeps.child_environment import ROOT
from sweeps.launchers import Job, Phase, Refused, Share, Unreachable
from sweeps.launchers.ray import RayLauncher, RayOptions, make_launcher

TOKEN = "cvae-0a1b2c3d4e5f"

TRACE = 'Traceback (most recent call last):\n  File "job_head.py", line 134, in _raise_error\n    raise RuntimeError\n'
TWICE = TRACE + f"RuntimeError: status code 400: ValueError: Job with submission_id {TOKEN} already exists.\n.\n"
NO_NUMBER = TRACE + "TypeError: entrypoint_num_cpus must be a number, got <class 'str'>\n"
NOT_FINAL = TRACE + f"RuntimeError: Attempted to delete job '{TOKEN}', but it is in a non-terminal state PENDING.\n.\n"


class Head:
    """A server that gives recorded answers and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {"GET /api/version": (200, '{"ray_version": "2.60.0"}')}
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.delay_s = 0.0
        head = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                what = f"{self.command} {self.path}"
                head.asked.append((what, dict(self.headers), json.loads(body) if body else None))
                time.sleep(head.delay_s)
                status, text = head.answers.get(what, (404, "Job does not exist"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def list(self, *jobs: dict[str, Any]) -> None:
        self.answers["GET /api/jobs/"] = (200, json.dumps(jobs))


@pytest.fixture
def head(monkeypatch: pytest.MonkeyPatch) -> Iterator[Head]:
    for name in ("http_proxy", "HTTP_PROXY", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    head = Head()
    head.answers["POST /api/jobs/"] = (200, json.dumps({"job_id": TOKEN, "submission_id": TOKEN}))
    thread = threading.Thread(target=head.server.serve_forever, args=(0.01,))
    thread.start()
    yield head
    head.server.shutdown()
    head.server.server_close()
    thread.join()


def job_in(folder: Path, **facts: Any) -> Job:
    return Job(RunFolder(folder), TOKEN, "ray", **facts)


def test_a_list_that_the_head_sends_again_is_not_read_again(head: Head, tmp_path: Path) -> None:
    head.list({"submission_id": TOKEN, "status": "PENDING", "message": ""})
    ray, jobs = launcher(head), (job_in(tmp_path),)
    first = ray.look(jobs)
    assert ray.look(jobs) is first
    head.list({"submission_id": TOKEN, "status": "RUNNING", "message": ""})
    assert ray.look(jobs)[TOKEN].phase is Phase.RUNNING
    assert ray.look((job_in(tmp_path),)) is not ray.look(jobs)


def launcher(head: Head, **options: Any) -> RayLauncher:
    return RayLauncher(RayOptions.model_validate({"address": head.url, **options}))


def test_the_whole_request(head: Head, tmp_path: Path) -> None:
    run = tmp_path / "arm" / "tune-003"
    ray = launcher(head, resources={"a100": 1.0}, setup=["ulimit -n 4096"], python="/shared/python")
    assert ray.submit(job_in(run), Share(2, 0.5, 8.0), {"OMP_NUM_THREADS": "2"}) == TOKEN
    assert [(what, body) for what, _, body in head.asked] == [
        (
            "POST /api/jobs/",
            {
                "submission_id": TOKEN,
                "entrypoint": "ulimit -n 4096\n"
                f"exec /shared/python -m sweeps.worker {run} {TOKEN} >> {run}/worker.log 2>&1 < /dev/null",
                "entrypoint_num_cpus": 2,
                "entrypoint_num_gpus": 0.5,
                "entrypoint_memory": 8 * 2**30,
                "entrypoint_resources": {"a100": 1.0},
                "metadata": {"run": "arm/tune-003"},
                "runtime_env": {
                    "env_vars": {
                        "OMP_NUM_THREADS": "2",
                        "PYTHONPATH": str(ROOT),
                        "RAY_JOB_STOP_WAIT_TIME_S": "60",
                    }
                },
            },
        )
    ]


def test_a_run_on_the_cpu_sees_no_gpu(head: Head, tmp_path: Path) -> None:
    request = launcher(head).request(job_in(tmp_path), Share(2), {})
    assert request["runtime_env"]["env_vars"]["CUDA_VISIBLE_DEVICES"] == ""
    assert request["entrypoint"].startswith(f"exec {sys.executable} ")
    assert "entrypoint_memory" not in request


def test_a_token_is_sent_where_one_is_given(head: Head, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    head.list()
    for name, value in (("RAY_AUTH_TOKEN_PATH", str(tmp_path / "token")), ("RAY_AUTH_TOKEN", "given")):
        launcher(head).find([job_in(tmp_path)])
        monkeypatch.setenv(name, value)
    launcher(head).find([job_in(tmp_path)])
    assert [headers.get("Authorization") for _, headers, _ in head.asked] == [
        None,
        "Bearer from-a-file",
        "Bearer given",
    ]


def test_a_job_submitted_twice_is_one_job(head: Head, tmp_path: Path) -> None:
    head.answers["POST /api/jobs/"] = (500, TWICE)
    assert launcher(head).submit(job_in(tmp_path), Share(2), {}) == TOKEN


def test_what_ray_does_not_take_is_said_in_its_words(head: Head, tmp_path: Path) -> None:
    head.answers["POST /api/jobs/"] = (400, NO_NUMBER)
    with pytest.raises(Refused, match=r"^400 TypeError: entrypoint_num_cpus must be a number"):
        launcher(head).submit(job_in(tmp_path), Share(2), {})


JOBS = [
    ({"status": "PENDING", "message": "Job has not started yet. It may be waiting."}, (Phase.QUEUED, "", None)),
    ({"status": "RUNNING", "message": "Job is currently running."}, (Phase.RUNNING, "", None)),
    ({"status": "SUCCEEDED", "driver_exit_code": 0}, (Phase.ENDED, "exit", 0)),
    ({"status": "STOPPED"}, (Phase.ENDED, "cancelled", None)),
    (
        {"status": "FAILED", "error_type": "JOB_ENTRYPOINT_COMMAND_ERROR", "driver_exit_code": 4, "message": "code 4"},
        (Phase.ENDED, "exit", 4),
    ),
    ({"status": "FAILED", "driver_exit_code": -9, "message": "code -9"}, (Phase.ENDED, "exit", -9)),
    ({"status": "FAILED", "driver_exit_code": -9, "message": "killed: low on memory"}, (Phase.ENDED, "memory", -9)),
    ({"status": "FAILED", "error_type": "JOB_SUPERVISOR_ACTOR_DIED"}, (Phase.ENDED, "node_lost", None)),
    ({"status": "FAILED", "message": "The job supervisor actor died."}, (Phase.ENDED, "node_lost", None)),
    ({"status": "FAILED", "message": "failed to start within 900"}, (Phase.ENDED, "never_started", None)),
    ({"status": "FAILED", "error_type": "RUNTIME_ENV_SETUP_FAILURE"}, (Phase.ENDED, "never_started", None)),
]  # fmt: skip


@pytest.mark.parametrize(("found", "meaning"), JOBS)
def test_what_a_status_means(
    head: Head, tmp_path: Path, found: dict[str, Any], meaning: tuple[Phase, str, int | None]
) -> None:
    head.list({"submission_id": None}, {"submission_id": TOKEN, **found})
    seen = launcher(head).look([job_in(tmp_path)])[TOKEN]
    assert (seen.phase, seen.cause, seen.exit_status) == meaning


def test_where_a_job_runs(head: Head, tmp_path: Path) -> None:
    head.list({"submission_id": TOKEN, "status": "RUNNING", "driver_agent_http_address": "http://10.0.0.7:52365"})
    assert launcher(head).look([job_in(tmp_path)])[TOKEN].where == "10.0.0.7"


def test_a_job_that_the_head_does_not_know_is_gone(head: Head, tmp_path: Path) -> None:
    head.list()
    assert launcher(head).look([job_in(tmp_path)])[TOKEN].phase is Phase.GONE
    assert launcher(head).find([job_in(tmp_path)]) == {}


@pytest.mark.parametrize("phase", ["queued", "running"])
def test_a_word_that_nobody_knows_changes_nothing(head: Head, tmp_path: Path, phase: str) -> None:
    head.list({"submission_id": TOKEN, "status": "MIGRATING"})
    assert launcher(head).look([job_in(tmp_path, phase=phase)])[TOKEN].phase.value == phase


def test_one_call_looks_at_all_jobs(head: Head, tmp_path: Path) -> None:
    jobs = [Job(RunFolder(tmp_path), f"cvae-{i}", "ray") for i in range(1000)]
    head.list(*({"submission_id": job.token, "status": "PENDING"} for job in jobs))
    assert len(launcher(head).look(jobs)) == 1000
    assert [what for what, _, _ in head.asked] == ["GET /api/jobs/"]


@pytest.mark.parametrize("answer", [(500, TRACE), (503, ""), (404, "no such page"), (200, "<html>"), (200, '{"a": 1}')])
def test_a_head_that_cannot_answer_says_nothing_of_any_job(head: Head, tmp_path: Path, answer: tuple[int, str]) -> None:
    head.answers["GET /api/jobs/"] = answer
    with pytest.raises(Unreachable, match=head.url):
        launcher(head).look([job_in(tmp_path)])


def test_a_head_that_is_silent_or_not_there(head: Head, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.launchers.ray.ray_head.CALL_S", 0.1)
    head.delay_s = 0.5
    with pytest.raises(Unreachable):
        launcher(head).look([job_in(tmp_path)])
    nobody = RayOptions(address="http://127.0.0.1:1")
    with pytest.raises(Unreachable, match="Connection refused"):
        RayLauncher(nobody).look([job_in(tmp_path)])
    with pytest.raises(InputError, match=r"^--ray: http://127\.0\.0\.1:1: .*Connection refused.*8265$"):
        make_launcher(nobody)


def test_a_head_that_wants_a_token_says_so(head: Head) -> None:
    head.answers["GET /api/version"] = (401, "Unauthorized")
    with pytest.raises(InputError, match="RAY_AUTH_TOKEN"):
        make_launcher(RayOptions(address=head.url))


def test_a_head_that_answers_is_taken(head: Head) -> None:
    assert make_launcher(RayOptions(address=head.url)).name == "ray"


def test_ends_and_forgets_by_token_whatever_is_answered(head: Head, tmp_path: Path) -> None:
    ray, job = launcher(head), job_in(tmp_path)
    ray.end(job, now=True)  # 404
    head.answers[f"DELETE /api/jobs/{TOKEN}"] = (500, NOT_FINAL)
    ray.forget(job)
    assert [what for what, _, _ in head.asked] == [f"POST /api/jobs/{TOKEN}/stop", f"DELETE /api/jobs/{TOKEN}"]


def test_a_part_of_a_gpu_is_doubled_up_to_a_whole_one(head: Head) -> None:
    ray, shares = launcher(head), [Share(2, 0.3)]
    while (more := ray.enlarge(shares[-1])) is not None:
        shares.append(more)
    assert [share.gpus for share in shares] == [0.3, 0.6, 1.0]
