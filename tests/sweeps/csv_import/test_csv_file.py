"""What a spreadsheet may write around the same table, and what is no table."""

from pathlib import Path

import pytest

from cvae.errors import InputError
from sweeps.csv_import.csv_file import read_csv

PLAIN = "seed,a,b\n1,20.5,21.5\n2,20.25,21.0\n"


@pytest.mark.parametrize(
    "written",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", " , ").encode(),
        b'"seed","a","b"\r\n"1","20.5","21.5"\r\n"2","20.25","21.0"',
        PLAIN.replace("\n", ",,\n").encode() + b"\n,,,,\n\n",  # a spreadsheet's empty columns and lines
    ],
    ids=["plain", "bom", "crlf", "cr", "semicolon", "tab", "spaces", "quotes", "empty edges"],
)
def test_a_table_is_read_whatever_encloses_its_cells(written: bytes, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_bytes(written)
    file = read_csv(tmp_path / "pairs.csv")
    assert file.columns == ("seed", "a", "b")
    assert [dict(line.cells) for line in file.lines] == [
        {"seed": "1", "a": "20.5", "b": "21.5"},
        {"seed": "2", "a": "20.25", "b": "21.0"},
    ]


def test_a_line_knows_its_number_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text('seed,a\n\n1,"2\n"\n3,4\n')
    assert [line.number for line in read_csv(tmp_path / "pairs.csv").lines] == [4, 5]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "is empty; it needs a header"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n\n", "is empty"),
        (b"seed,a,b\n", "has a header and no line under it"),
        (b"seed,a,b\n1,2,3\n2,3\n", r"line 3: 2 cells, the header has 3 \(seed, a, b; separated by ','\)"),
        (b"seed,a,b\n1,2,3,4\n", "line 2: 4 cells, the header has 3"),
        (b"seed,,b\n1,2,3\n", "column 2 has no name"),
        (b"seed,a,a\n1,2,3\n", "two columns are called 'a'"),
        (b'seed,a\n1,"2\n', "line 2: is damaged"),
        (b'seed,a\n1,"2"3\n', "line 2: is damaged"),
        (b"seed,a\n1,\x002\n", r"is not UTF-8 text \(a zero at character 9\)"),
        ("seed,a\n1,2\n".encode("utf-16"), r"is not UTF-8 text \(byte 0\); save it as CSV in UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(written: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_bytes(written)
    with pytest.raises(InputError, match=said) as refused:
        read_csv(tmp_path / "pairs.csv")
    assert str(tmp_path / "pairs.csv") in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.csv: cannot be read \(No such file"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_csv(tmp_path)
