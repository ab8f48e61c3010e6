"""`--set` over an experiment file: it changes what stands there and creates no arm, no dimension and no option."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cvae.config import merge, parse_settings
from cvae.errors import InputError, nearest


def override(values: Mapping[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """Return what an experiment file holds with `--set PATH=VALUE` options laid over it.

    Raises:
        InputError: an option is none, or names an arm, something searched or an option of a choice that is not there.
    """
    settings = list(settings)
    for setting in settings:
        for what, known, created in _created(values, merge(values, parse_settings([setting], values))):
            close = nearest(created, known)
            hint = f"did you mean '{close}'? " if close else ""
            names = ", ".join(known) or "none"
            raise InputError(
                f"--set {setting}: the experiment has no {what} '{created}'; {hint}known: {names} "
                "(a new one is written into the file)"
            )
    return merge(values, parse_settings(settings, values))


def _created(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, list[str], str]]:
    """Yield kind, known names and name of everything that is named by the file and stands only in the second."""
    yield from _new("arm", before.get("arms"), after.get("arms"))
    yield from _created_below(before, after)
    for arm, known in _common(before.get("arms"), after.get("arms")):
        yield from _created_below(known, arm)


def _created_below(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, list[str], str]]:
    """Yield the same of what is searched beside some differences, and of the choices in it."""
    yield from _new("searched parameter", before.get("search"), after.get("search"))
    for dimension, known in _common(before.get("search"), after.get("search")):
        yield from _new("option", known.get("choice"), dimension.get("choice"), is_list_allowed=True)
        for variant, known_variant in _common(known.get("choice"), dimension.get("choice")):
            yield from _created_below(known_variant, variant)


def _new(what: str, before: Any, after: Any, *, is_list_allowed: bool = False) -> Iterator[tuple[str, list[str], str]]:
    if not isinstance(after, Mapping) or (is_list_allowed and not isinstance(before, Mapping)):
        return
    known = [str(name) for name in before] if isinstance(before, Mapping) else []
    yield from ((what, known, str(name)) for name in after if str(name) not in known)


def _common(before: Any, after: Any) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield (after, before) of each name in both that stands for a mapping in both."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before.keys() & after.keys():
            if isinstance(before[name], Mapping) and isinstance(after[name], Mapping):
                yield after[name], before[name]
