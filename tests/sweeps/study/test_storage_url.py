"""No part of a URL brings a secret to a file or a line."""

import pytest

from cvae.errors import InputError
from sweeps.study.storage_url import shown_url, without_secrets

URLS = [
    "postgresql+psycopg://me:hunter2@h:5/db",
    "postgresql+psycopg://h/db?user=u&password=hunter2",
    "postgresql+psycopg://h/db?sslpassword=hunter2&sslmode=require",
    "mysql+pymysql://me:hunter2@h/db?passwd=hunter2",
    "mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BX%7D%3BUID%3Dme%3BPWD%3Dhunter2",
    "postgresql://h/db?access_token=hunter2",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_shown_without_its_secrets(url: str) -> None:
    assert "hunter2" not in shown_url(url)
    said = f'connection to "{url}" failed: FATAL: password "hunter2" is wrong'
    assert "hunter2" not in without_secrets(said, url)


def test_what_is_no_secret_stays() -> None:
    assert shown_url("postgresql+psycopg://h/db?sslmode=require&user=u") == (
        "postgresql+psycopg://h/db?sslmode=require&user=u"
    )
    assert shown_url("sqlite:////tmp/study.db") == "sqlite:////tmp/study.db"


@pytest.mark.parametrize("url", ["postgresql//me:hunter2@h/db", "no url password=hunter2", "://me:hunter2@h"])
def test_what_is_no_url_is_refused_without_repeating_secrets(url: str) -> None:
    with pytest.raises(InputError) as refusal:
        shown_url(url)
    assert "hunter2" not in str(refusal.value)
