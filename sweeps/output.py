"""How a sweep speaks: the words that `--output` takes."""

from collections.abc import Sequence
from typing import Literal, TypeVar

from cvae.errors import InputError

#: live: a table, or plain lines where it is piped; quiet: trouble alone; json: a JSON object a line.
Output = Literal["live", "plain", "quiet", "json"]
OUTPUTS: tuple[Output, ...] = ("live", "plain", "quiet", "json")

Word = TypeVar("Word", bound=str)


def chosen(option: str, value: str, allowed: Sequence[Word]) -> Word:
    """Return the word that an option was given.

    Raises:
        InputError: it is none of those allowed.
    """
    for word in allowed:
        if word == value:
            return word
    raise InputError(f"{option} is '{value}'; allowed: {', '.join(allowed)}")
