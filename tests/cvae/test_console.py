"""What users wrote reaches a terminal as text: whole, and neither markup nor a command."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from cvae.console import TextConsole, new_console, printable

ROOT = Path(__file__).parents[2]

HOSTILE = ["[/kl]", "[see notes]", "[red]x[/red]", ":smile:", "\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "a\u202eb"]


@given(st.text(st.characters(), max_size=30))
def test_what_is_printable_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable() or not any(c < " " or "\x7f" <= c < "\xa0" for c in shown)
    shown.encode("utf-8")
    assert printable(shown) == shown


@pytest.mark.parametrize("text", HOSTILE)
def test_a_users_text_is_no_markup_wherever_it_stands(text: str) -> None:
    out = io.StringIO()
    console = TextConsole(file=out, width=200, markup=False, emoji=False)
    table = Table(title=text, width=100)
    table.add_column(text)
    table.add_row(text)
    table.add_row(Text(text))
    console.print(table)
    console.print(text)
    assert out.getvalue().count(printable(text).replace("\\x07", "")) == 5  # rich drops the bell itself
    assert "\x1b" not in out.getvalue()
    assert "\x9b" not in out.getvalue()


def test_a_table_in_a_pipe_is_as_wide_as_it_needs_to_be(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table = Table("arm", box=None)
    table.add_row("beta " * 60 + "linear")
    new_console().print(table)
    assert "beta linear" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8:strict"])
def test_any_encoding_prints_any_message(encoding: str) -> None:
    code = """
import typer
from cvae.cli import new_command, run_command
from cvae.console import echo_line
from cvae.errors import InputError
app = new_command()
@app.command()
def main():
    echo_line("\\u2212 ep\\udce9.npz")
    print("\\u2212 ep\\udce9.npz")
    raise InputError("\\u2212 ep\\udce9.npz\\n: cannot be read")
run_command(app)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, env={"PYTHONIOENCODING": encoding}
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count(b"\n") == 1
    assert b"\\udce9.npz\\n: cannot be read" in done.stderr
    assert done.stdout.count(b"\\udce9.npz") == 2
