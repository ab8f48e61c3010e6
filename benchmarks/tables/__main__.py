"""Write the measured tables of the pages anew, after `make bench`: `python -m benchmarks.tables`."""

from benchmarks.tables.blocks import PAGES, rewritten
from cvae.cli import new_command, run_command

app = new_command()


@app.command()
def write_tables() -> None:
    """Write what stands between the marks of a measured table anew, in every page that has one."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if (new := rewritten(text)) != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page}: written anew")


if __name__ == "__main__":
    run_command(app)
