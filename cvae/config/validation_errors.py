"""Turn a validation error into one sentence: the path, the value, what is allowed, the nearest known key."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cvae.errors import nearest
from cvae.extensions import why_absent


def sections_of(annotation: Any) -> list[type[BaseModel]]:
    """Return the classes with fields that a key's type may hold: one section, or the options of a union."""
    if get_origin(annotation) is Annotated:
        return sections_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [section for member in get_args(annotation) for section in sections_of(member)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []


def fields_of(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a section by the name that is written in YAML."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def tag_of(section: type[BaseModel]) -> str | None:
    """Return the value of `mode` or `source` that selects a section within its union."""
    fields = fields_of(section)
    tag = fields.get("mode") or fields.get("source")
    return None if tag is None else str(get_args(tag.annotation)[0])


def known_paths(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of every key below a section, those of a union's options too."""
    for name, field in fields_of(section).items():
        yield f"{prefix}{name}"
        for inner in sections_of(field.annotation):
            yield from known_paths(inner, f"{prefix}{name}.")


def _walk(root: type[BaseModel], location: Sequence[str | int]) -> tuple[str, type[BaseModel] | None]:
    """Return the dotted path of an error's location and the section that its last key is looked up in."""
    path: list[str] = []
    options, parent = [root], None
    for part in location:
        tagged = [section for section in options if tag_of(section) == part] if len(options) > 1 else []
        if tagged:  # pydantic puts the chosen option of a union into the location; people do not write it
            options = tagged
            continue
        path.append(str(part))
        parent = options[0] if len(options) == 1 else None
        field = fields_of(parent).get(str(part)) if parent else None
        options = sections_of(field.annotation) if field else []
    return ".".join(path), parent


def nearest_key(root: type[BaseModel], path: str, parent: type[BaseModel] | None) -> str:
    """Return `; did you mean 'x'?` for an unknown key, or the keys that its section knows."""
    name = path.rsplit(".", 1)[-1]
    siblings = list(fields_of(parent)) if parent else []
    if owners := _owners(root, path):
        return _explain_kind(path, parent, owners, siblings)
    prefix = path[: len(path) - len(name)]
    if close := nearest(name, siblings):
        return f"; did you mean '{prefix}{close}'?"
    elsewhere = sorted({known for known in known_paths(root) if known.rsplit(".", 1)[-1] == name})
    if elsewhere:
        return f"; did you mean '{elsewhere[0]}'?"
    return f"; known here: {', '.join(siblings)}" if siblings else ""


def _owners(root: type[BaseModel], path: str) -> list[str]:
    """Return the kinds of a section, by their `mode` or `source`, that have a key at exactly this path."""
    *above, name = path.split(".")
    options = [root]
    for key in above:
        fields = [field for option in options if (field := fields_of(option).get(key))]
        options = [inner for field in fields for inner in sections_of(field.annotation)]
    return [tag for option in options if name in fields_of(option) and (tag := tag_of(option))]


def _explain_kind(path: str, parent: type[BaseModel] | None, owners: list[str], siblings: list[str]) -> str:
    section = path.rpartition(".")[0]
    key = "source" if "source" in siblings else "mode"
    here = f"{section}.{key} is '{tag_of(parent)}' here" if parent else f"{section}.{key} is another here"
    kinds = " or ".join(f"'{owner}'" for owner in dict.fromkeys(owners))
    known = ", ".join(sibling for sibling in siblings if sibling != key) or "none"
    return f": {here}, and the key belongs to {kinds} (set {section}.{key} too); known here: {known}"


def uncapitalise(sentence: str) -> str:
    """Return a sentence as it goes on after a colon; a name that it begins with (KL, LSTM, Adam's) stays as it is."""
    word = sentence.partition(" ")[0]
    return sentence if word[1:].lower() != word[1:] or word.endswith("'s") else sentence[:1].lower() + sentence[1:]


def format_validation_error(error: ValidationError, root: type[BaseModel], where: str) -> str:
    """Return one sentence for the first mistake of a validation error, and the number of others."""
    first = error.errors(include_url=False)[0]
    path, parent = _walk(root, first["loc"])
    kind, value, context = first["type"], first["input"], first.get("ctx", {})
    if kind == "extra_forbidden":
        text = f"unknown key '{path}'{nearest_key(root, path, parent)}"
    elif kind == "union_tag_invalid":
        key = str(context["discriminator"]).strip("'")
        text = f"{path}.{key} is {context['tag']!r}; allowed: {context['expected_tags']}"
        text += why_absent("cvae.sources", str(context["tag"])) if key == "source" else ""
    elif kind == "union_tag_not_found":
        text = f"{path} needs the key {context['discriminator']} to say which kind it is, found {value!r}"
    elif kind == "missing":
        text = f"'{path}' is required"
    else:
        message = first["msg"].removeprefix("Value error, ")
        # A rule over several sections names them itself; the value would be the whole configuration.
        text = f"{path} is {value!r}: {uncapitalise(message)}" if path else message
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {text}{more}"
