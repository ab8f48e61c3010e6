"""The dashboard answers its own pages alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import sweeps.dashboard
from sweeps.dashboard import dashboard, followed, for_own_pages
from tests.sweeps.stepping_sweep import Sweep


def asked(port: int, **headers: str) -> str:
    told: list[str] = []
    inner = for_own_pages(lambda environ, start: start("200 OK", []) or [b""], port)  # type: ignore[func-returns-value]
    list(inner({f"HTTP_{name}": value for name, value in headers.items()}, lambda status, _: told.append(status)))  # type: ignore[arg-type,return-value]
    return told[0]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"HOST": "127.0.0.1:8080"}, "200 OK"),
        ({"HOST": "LocalHost:8080"}, "200 OK"),
        ({"HOST": "localhost:8080", "ORIGIN": "http://localhost:8080"}, "200 OK"),
        ({"HOST": "127.0.0.1:8080", "ORIGIN": "http://127.0.0.1:8080"}, "200 OK"),
        ({"HOST": "rebound.example:8080"}, "403 Forbidden"),
        ({"HOST": "127.0.0.1.example:8080"}, "403 Forbidden"),
        ({"HOST": "127.0.0.1:8081"}, "403 Forbidden"),
        ({"HOST": "127.0.0.1"}, "403 Forbidden"),
        ({"HOST": ""}, "403 Forbidden"),
        ({}, "403 Forbidden"),
        ({"HOST": "127.0.0.1:8080", "ORIGIN": "http://evil.example"}, "403 Forbidden"),
        ({"HOST": "127.0.0.1:8080", "ORIGIN": "https://127.0.0.1:8080"}, "403 Forbidden"),
        ({"HOST": "127.0.0.1:8080", "ORIGIN": "null"}, "403 Forbidden"),
    ],
)
def test_a_page_of_another_site_is_not_answered(headers: dict[str, str], status: str) -> None:
    assert asked(8080, **headers) == status


def test_port_80_may_be_left_out() -> None:
    assert asked(80, HOST="localhost") == "200 OK"


def test_the_command_serves_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna_dashboard")
    Sweep(tmp_path).run()
    served: list[Any] = []

    @contextmanager
    def server(host: str, port: int, app: Any) -> Iterator[Any]:
        served.extend([host, app])
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(sweeps.dashboard, "make_server", server)
    with pytest.raises(KeyboardInterrupt):
        dashboard(tmp_path / "toy", tmp_path, 8080, None)
    host, app = served
    told: list[str] = []
    asked = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/studies", "wsgi.url_scheme": "http", "SERVER_NAME": "x"}
    for name in ("rebound.example:8080", "127.0.0.1:8080"):
        list(app({**asked, "SERVER_PORT": "8080", "HTTP_HOST": name}, lambda status, *_: told.append(status)))
    assert host == "127.0.0.1"
    assert told[0] == "403 Forbidden"
    assert told[1].startswith("200")


def test_nothing_is_copied_once_the_place_for_it_is_gone() -> None:
    looks: list[str] = []

    class Copy:
        def refresh(self) -> None:
            looks.append("a look")
            if len(looks) == 1:
                raise OSError("a disk that is away")

    with followed(Copy(), every_s=0.001):  # type: ignore[arg-type]
        deadline = time.monotonic() + 30
        while len(looks) < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
    n_at_the_end = len(looks)
    assert n_at_the_end >= 3  # the trouble passed
    time.sleep(0.05)
    assert len(looks) == n_at_the_end
