"""Every key of the configuration as a Markdown table: `python -m cvae.config`."""

import argparse
import json
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from cvae.config.schema import Config
from cvae.config.validation_errors import fields_of, sections_of, tag_of, uncapitalise


def rows(section: type[BaseModel], prefix: str = "", kind: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, default and meaning of every key; `kind` says under which option of a union it exists."""
    for name, field in fields_of(section).items():
        path, inner = f"{prefix}{name}", sections_of(field.annotation)
        if not inner and name in ("mode", "source"):
            continue
        if not inner:
            required = field.default is PydanticUndefined
            default = "required" if required else f"`{json.dumps(field.default)}`"
            meaning = (field.description or "").rstrip(".")
            yield f"`{path}`{kind}", default, uncapitalise(meaning)
        elif len(inner) > 1:
            tags = ", ".join(f"`{tag_of(option)}`" for option in inner)
            key = "source" if "source" in fields_of(inner[0]) else "mode"
            default = str(tag_of(type(field.get_default(call_default_factory=True))))
            yield f"`{path}.{key}`", f"`{default}`", f"one of {tags}"
        for option in inner:
            yield from rows(option, f"{path}.", f", {tag_of(option)}" if len(inner) > 1 else "")


def table() -> str:
    """Return the whole reference."""
    lines = ["| key | default | meaning |", "| --- | --- | --- |"]
    lines += [f"| {path} | {default} | {meaning} |" for path, default, meaning in rows(Config)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    argparse.ArgumentParser("python -m cvae.config", description=__doc__).parse_args()
    print(table(), end="")
