"""The dashboard answers its own pages alone."""

import pytest

from sweeps.dashboard import for_own_pages


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
