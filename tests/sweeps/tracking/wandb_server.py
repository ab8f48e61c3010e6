"""A wandb server on loopback that keeps what is uploaded: enough of the protocol for `wandb sync` to be content."""

import base64
import gzip
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class StoredRun:
    """One run as the server has it."""

    name: str
    display_name: str = ""
    group: str = ""
    job_type: str = ""
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)  # by line number
    files: dict[str, bytes] = field(default_factory=dict)
    exit_code: int | None = None


class WandbServer(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1 until closed."""

    daemon_threads = True

    def __init__(self, key: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = key
        self.runs: dict[str, StoredRun] = {}
        self.seen: list[str] = []
        self.drop_media = False  # answer uploads of media as if they had arrived
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: WandbServer

    def log_message(self, *args: Any) -> None:
        pass

    def body(self) -> bytes:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def answer(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.server.seen.append(f"GET {self.path}")
        self.answer({})

    def do_PUT(self) -> None:
        data = self.body()
        run, name = re.fullmatch(r"/store/([^/]+)/(.*)", self.path).groups()  # type: ignore[union-attr]
        if not (self.server.drop_media and name.startswith("media/")):
            self.server.runs[run].files[name] = data
        self.answer({})

    def do_POST(self) -> None:
        data = self.body()
        token = base64.b64decode(self.headers.get("Authorization", "Basic Og==").split()[-1]).decode()
        if token.partition(":")[2] != self.server.key:
            self.answer({"data": {"viewer": None}} if self.path == "/graphql" else {}, 200)
        elif self.path == "/graphql":
            asked = json.loads(data)
            self.answer({"data": self.graphql(asked["query"], asked.get("variables") or {})})
        elif self.path.endswith("/file_stream"):
            self.stream(self.path.split("/")[-2], json.loads(data))
            self.answer({})
        else:
            self.server.seen.append(f"POST {self.path}")
            self.answer({})

    def stream(self, name: str, told: dict[str, Any]) -> None:
        run = self.server.runs[name]
        for file, part in (told.get("files") or {}).items():
            for i, line in enumerate(part["content"]):
                if file == "wandb-history.jsonl":
                    run.rows[part["offset"] + i] = json.loads(line)
                elif file == "wandb-summary.json":
                    run.summary = json.loads(line)
        if told.get("complete"):
            run.exit_code = told.get("exitcode")

    def graphql(self, query: str, v: dict[str, Any]) -> dict[str, Any]:
        found = re.search(r"(?:query|mutation)\s+(\w+)", query)
        operation = found.group(1) if found else query[:80]
        self.server.seen.append(operation)
        name = v.get("name") or v.get("run") or v.get("runName") or ""
        if operation == "UpsertBucket":
            run = self.server.runs.setdefault(name, StoredRun(name))
            run.display_name, run.group = v.get("displayName") or run.display_name, v.get("groupName") or run.group
            run.job_type, run.tags = v.get("jobType") or run.job_type, v.get("tags") or run.tags
            run.config = json.loads(v["config"]) if v.get("config") else run.config
            project = {"name": v["project"], "entity": {"name": "someone"}}
            bucket = {"id": name, "name": name, "displayName": run.display_name, "project": project}
            return {
                "upsertBucket": {
                    "bucket": bucket | {"sweepName": None, "config": "{}", "historyLineCount": 0},
                    "inserted": True,
                }
            }
        if operation in ("RunResumeStatus", "RunHolds", "BucketResume"):
            return {"project" if operation == "RunHolds" else "model": self.held(name, operation)}
        if operation == "CreateArtifact":  # as one that is there already: its files are not asked for
            latest = {"id": "1", "versionIndex": 0}
            artifact = {"id": "1", "state": "COMMITTED", "artifactSequence": {"id": "1", "latestArtifact": latest}}
            return {"createArtifact": {"artifact": artifact}}
        if operation == "CreateRunFiles":
            files = [{"name": f, "uploadUrl": f"{self.server.url}/store/{name}/{f}"} for f in v["files"]]
            return {"createRunFiles": {"runID": name, "uploadHeaders": [], "files": files}}
        if operation in ("Viewer", "ViewerEntity"):
            return {
                "viewer": {"id": "1", "username": "someone", "entity": "someone", "flags": "{}", "teams": {"edges": []}}
            }
        return {}

    def held(self, name: str, operation: str) -> dict[str, Any]:
        run = self.server.runs.get(name)
        if run is None:
            return {"run": None} if operation == "RunHolds" else {"bucket": None}
        if operation == "RunHolds":
            edges = [{"node": {"name": f, "sizeBytes": str(len(d))}} for f, d in run.files.items()]
            files = {"pageInfo": {"endCursor": "", "hasNextPage": False}, "edges": edges}
            return {"run": {"displayName": run.display_name, "historyLineCount": len(run.rows), "files": files}}
        tail = json.dumps([json.dumps(run.rows[max(run.rows)])] if run.rows else [])
        bucket = {
            "name": name,
            "summaryMetrics": json.dumps(run.summary),
            "displayName": run.display_name,
            "config": "{}",
            "tags": run.tags,
            "logLineCount": 0,
            "eventsLineCount": 0,
            "eventsTail": "[]",
            "historyLineCount": len(run.rows),
            "historyTail": tail,
            "wandbConfig": json.dumps({"t": 1}),
        }
        return {"id": "1", "name": "p", "entity": {"name": "someone"}, "bucket": bucket}
