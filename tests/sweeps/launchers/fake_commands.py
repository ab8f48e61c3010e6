"""Programs of an engine that do nothing but say what was recorded of real ones, and keep how they were called."""

from dataclasses import dataclass
from pathlib import Path

SCRIPT = """\
#!/bin/sh
me="$(dirname "$0")/$(basename "$0")"
printf '%s\\n' "$@" "" >> "$me.calls"
cat > "$me.stdin"
cat "$me.err" >&2
cat "$me.out"
exit "$(cat "$me.rc")"
"""


@dataclass(frozen=True)
class FakeCommands:
    """A folder of programs, to be put on PATH."""

    folder: Path

    def answer(self, name: str, out: str = "", err: str = "", rc: int = 0) -> None:
        """Let a program say this from now on."""
        self.folder.mkdir(exist_ok=True)
        for kind, text in (("out", out), ("err", err), ("rc", str(rc))):
            (self.folder / f"{name}.{kind}").write_text(text)
        (self.folder / name).write_text(SCRIPT)
        (self.folder / name).chmod(0o755)

    def calls(self, name: str) -> list[list[str]]:
        """Return the arguments of every call so far."""
        path = self.folder / f"{name}.calls"
        calls = path.read_text().removesuffix("\n\n").split("\n\n") if path.exists() else []
        return [call.split("\n") for call in calls]

    def stdin(self, name: str) -> str:
        """Return what the last call was given."""
        return (self.folder / f"{name}.stdin").read_text()
