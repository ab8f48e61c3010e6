"""Ask a wandb server what it has of a run. A few plain queries, because a check should not wait for retries."""

import base64
import http.client
import json
import netrc
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import wandb

#: How long a server may take to answer.
ANSWER_S = 5.0

VIEWER = "query Viewer { viewer { id username entity } }"

RUN_HOLDS = """query RunHolds($entity: String!, $project: String!, $run: String!, $after: String) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      displayName
      historyLineCount
      files(first: 500, after: $after) {
        pageInfo { endCursor hasNextPage }
        edges { node { name sizeBytes } }
      }
    }
  }
}"""


class Unanswered(Exception):
    """No server to upload to; the message says why, and never holds a key."""


@dataclass(frozen=True)
class Uploaded:
    """What a server has of a run."""

    rows: int
    files: set[str]


@dataclass(frozen=True)
class Server:
    """A wandb server and the key for it, which is sent and never shown."""

    url: str
    key: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Server":
        """Return the server that wandb would use, by WANDB_BASE_URL, WANDB_API_KEY and netrc.

        Raises:
            Unanswered: there is no key.
        """
        env = os.environ if environment is None else environment
        url = (env.get("WANDB_BASE_URL") or wandb.Settings().base_url).rstrip("/")
        key = env.get("WANDB_API_KEY") or _key_in_netrc(url, env)
        if not key:
            raise Unanswered(f"there is no API key for {url} (WANDB_API_KEY, or `wandb login`)")
        return cls(url, key)

    def check(self) -> str:
        """Return the entity that the key belongs to.

        Raises:
            Unanswered: the server does not answer, answers with an error, or does not know the key.
        """
        viewer = self.ask(VIEWER, {}).get("viewer")
        if not viewer:
            raise Unanswered(f"{self.url} does not accept the API key")
        return str(viewer["entity"])

    def uploaded(self, entity: str, project: str, run: str) -> Uploaded | None:
        """Return what the server has of a run; None where it has no such run.

        Raises:
            Unanswered: the server does not answer as it should.
        """
        files: set[str] = set()
        after: str | None = None
        while True:
            asked = {"entity": entity, "project": project, "run": run, "after": after}
            found = (self.ask(RUN_HOLDS, asked).get("project") or {}).get("run")
            if found is None:
                return None
            files |= {edge["node"]["name"] for edge in found["files"]["edges"] if int(edge["node"]["sizeBytes"]) > 0}
            page = found["files"]["pageInfo"]
            if not page["hasNextPage"]:
                return Uploaded(int(found["historyLineCount"] or 0), files)
            after = page["endCursor"]

    def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data that answers a GraphQL query.

        Raises:
            Unanswered: it does not answer in time, or not as it should.
        """
        token = base64.b64encode(f"api:{self.key}".encode()).decode()
        request = urllib.request.Request(
            f"{self.url}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Basic {token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return dict(json.load(answer)["data"] or {})
        except urllib.error.HTTPError as error:
            raise Unanswered(f"{self.url} answers with error {error.code}") from error
        except TimeoutError as error:
            raise Unanswered(f"{self.url} does not answer within {ANSWER_S:.0f} s") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(f"{self.url} cannot be reached") from error
        except (ValueError, KeyError, TypeError) as error:
            raise Unanswered(f"{self.url} answers with something else than a wandb server's answer") from error


def _key_in_netrc(url: str, environment: Mapping[str, str]) -> str:
    """Return the password of a server in the user's netrc, empty where there is none or it cannot be read."""
    path = environment.get("NETRC") or Path(environment.get("HOME", "~")) / ".netrc"
    try:
        known = netrc.netrc(str(Path(path).expanduser()))
    except (OSError, netrc.NetrcParseError):
        return ""
    parts = urllib.parse.urlsplit(url)  # `wandb login` names a server with its port, others its host alone
    login = known.authenticators(parts.netloc) or known.authenticators(parts.hostname or "")
    return login[2] if login else ""
