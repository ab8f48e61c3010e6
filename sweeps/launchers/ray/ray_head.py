"""The REST API of a Ray head's dashboard, and what its answers mean."""

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sweeps.launchers.launcher import Unreachable

#: Seconds that an answer may take.
CALL_S = 30.0


class NotDone(Exception):
    """An answer of the head: what was asked of a job is refused, or the job unknown."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {_last_line(text)}")
        self.status, self.text = status, text


class RayHead:
    """The head of a cluster.

    Args:
        address: its dashboard's, as http://HOST:8265.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """Return what the head answers.

        Raises:
            NotDone: it answers that it does not do that.
            Unreachable: it does not answer, or cannot now.
        """
        try:
            return json.loads(self.read(path, body, method))
        except ValueError as error:
            raise Unreachable(f"{self.address}: {error}") from error

    def read(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> bytes:
        """Return what the head answers, as it is sent; raises as `call` does."""
        headers = {"Content-Type": "application/json"} | _authorization()
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_S) as answer:
                sent: bytes = answer.read()
                return sent
        except urllib.error.HTTPError as error:  # before OSError: it is one
            raise _told(error, self.address) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(
                f"{self.address}: {getattr(error, 'reason', None) or error or type(error).__name__}"
            ) from error


def _told(error: urllib.error.HTTPError, address: str) -> Exception:
    """Return what an answer means: of a job (it is unknown, or refused), or that the head cannot answer now."""
    text = ""
    with suppress(OSError, http.client.HTTPException):
        text = error.read().decode(errors="replace")
    if error.code in (401, 403):
        return Unreachable(f"{address}: it wants a token: RAY_AUTH_TOKEN, or a file named by RAY_AUTH_TOKEN_PATH")
    # the head passes an agent's refusal on as a failure of its own
    is_of_a_job = error.code in (400, 404, 422) or "status code 400" in text or "non-terminal state" in text
    return NotDone(error.code, text) if is_of_a_job else Unreachable(f"{address}: {error.code} {_last_line(text)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > 1]
    return lines[-1][:300] if lines else ""


def _authorization() -> dict[str, str]:
    token, path = os.environ.get("RAY_AUTH_TOKEN", ""), os.environ.get("RAY_AUTH_TOKEN_PATH")
    if not token and path:
        with suppress(OSError):
            token = Path(path).read_text(encoding="utf-8")
    return {"Authorization": f"Bearer {token.strip()}"} if token.strip() else {}
