"""A storage's URL as it may be shown: passwords stand not only where a URL has a place for them."""

import re
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from cvae.errors import InputError

#: What the keys of secrets have in their names, in a URL's query and in connection strings.
SECRET = re.compile(r"pass|pwd|secret|token|credential|api_?key", re.IGNORECASE)

HIDDEN = "***"


def check_url(url: str, where: str) -> URL:
    """Return a parsed URL; `where` names it in errors.

    Raises:
        InputError: it is none. The text is not repeated but for what cannot be a secret.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InputError(
            f"{where} is '{_masked(url)}'; expected a URL such as sqlite:///study.db or "
            "postgresql+psycopg://user@host/name"
        ) from error


def shown_url(url: str) -> str:
    """Return a URL without its secrets.

    Raises:
        InputError: it is none.
    """
    parsed = check_url(url, "--storage")
    query = {key: value for key, value in parsed.query.items() if not _is_secret(key, value)}
    return parsed._replace(password=None, query=query).render_as_string()  # type: ignore[arg-type]


def without_secrets(text: str, url: str | None = None) -> str:
    """Return a text with the secrets of a URL that it may repeat, and whatever looks like one, blotted out."""
    secrets = [] if url is None else _secrets_of(check_url(url, "--storage"))
    for secret in sorted(secrets, key=len, reverse=True):
        for written in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(written, HIDDEN)
    return _masked(text)


def _is_secret(key: str, value: object) -> bool:
    """Return whether a part of a query holds a secret, by its name or by what a connection string in it names."""
    return bool(SECRET.search(key)) or bool(re.search(rf"({SECRET.pattern})\w*\s*=", str(value), re.IGNORECASE))


def _secrets_of(url: URL) -> list[str]:
    values = [value for key, value in url.query.items() if _is_secret(key, value)]
    texts = [part for value in values for part in ([value] if isinstance(value, str) else value)]
    within = [match[1] for text in texts for match in re.finditer(r"=\s*([^;]+)", text)]  # of a connection string
    return [secret for secret in [str(url.password or ""), *texts, *within] if secret]


def _masked(text: str) -> str:
    """Return a text with whatever stands where URLs and connection strings have passwords blotted out."""
    text = re.sub(r"(//[^\s/@:]*):[^\s@]*@", rf"\1:{HIDDEN}@", text)
    return re.sub(rf"((?:{SECRET.pattern})\w*\s*(?:=|%3D))[^\s&;]+", rf"\1{HIDDEN}", text, flags=re.IGNORECASE)
