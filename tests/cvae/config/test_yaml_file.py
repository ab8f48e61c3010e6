"""What is written is read back the same, and what cannot be read is said in one line."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cvae.config.yaml_file import MAX_VALUES, dump_yaml, parse_yaml
from cvae.errors import InputError

#: Texts that a YAML reader may take for something else.
TRAPS = [
    "1e-4", "25921e05", "+1e5", "1_0e5", ".5e1", "null", "~", "Null", "", "010", "0o17", "0x1f", "1:30", "1:30.5",
    "on", "Off", "yes", "n", "true", ".inf", "-.INF", ".nan", "2001-01-01", "2001-99-99", "=", "<<", "1_000", "1.", "-",
    "--- a", "...", "{{ x }}", "[a", "&a", "*a", "!a", "%a", "@a", "`a", "a: b", "a #b", " a ", "a\n", "\n", "\t", "\r",
    "\x85", "\u2028", "\ufeff", "\x00", "\x1b[31m", "\ud800", "\U0001f600", "é" * 200, "x " * 80, "'", '"', "\\", "1e٣",
]  # fmt: skip

texts = st.one_of(
    st.sampled_from(TRAPS),
    st.text(st.characters(), max_size=20),  # lone surrogates too
    st.from_regex(r"\A[-+]?[0-9_.:]{0,6}([eExob][-+]?[0-9a-f_]{1,4})?\Z"),
)
scalars = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


def same(a: Any, b: Any) -> bool:
    """Equal, of the same types, in the same order: 1, 1.0 and True are three things."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return repr(a) == repr(b)


@given(values)
@example({trap: trap for trap in TRAPS})
@example({"lists": [TRAPS]})
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    written = dump_yaml(value)
    assert same(parse_yaml(written, "t"), value), written
    written.encode("utf-8")  # it can be written to a file


def test_what_stands_twice_is_written_twice() -> None:
    shared = {"beta": 1e-4}
    assert "&" not in dump_yaml({"a": shared, "b": shared})


def test_merged_keys_may_be_overridden_and_are_not_given_twice() -> None:
    text = """
    x: {a: &a {<<: &c {gamma: 1, beta: 3}, beta: 1e-4, lr: 2}}
    b: {<<: *a, beta: 1e-3}
    d: {<<: [*a, *c], lr: 5}
    """
    read = parse_yaml(text, "t")
    assert read["b"] == {"gamma": 1, "beta": 1e-3, "lr": 2}
    assert read["d"] == {"gamma": 1, "beta": 1e-4, "lr": 5}
    with pytest.raises(InputError, match="'beta' is given twice"):
        parse_yaml("a: &a {lr: 1}\nb: {<<: *a, beta: 1, beta: 2}", "t")


DOUBLED = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("beta: {{ beta }}", ["line 1, column 8", "a key must be text", "quotes"]),
        ("{[a, b]: 1}", ["a key must be text"]),
        ("? {a: b}\n: 1", ["a key must be text"]),
        ("a: &a [*a]", ["line 1", "refers to what it stands in"]),
        ("a: &a {b: {c: *a}}", ["refers to what it stands in"]),
        ("a: &a\n  <<: *a", ["refers to what it stands in"]),
        (DOUBLED, [f"more than {MAX_VALUES} values"]),
        ("[" * 3000, ["nested too deeply"]),
        ("a: !!int x", ["line 1, column 4", "x cannot be read as a whole number"]),
        ("a: !!int ''", ["cannot be read as a whole number"]),
        ("a: !!float x", ["x cannot be read as a number"]),
        ("a: !!bool x", ["x cannot be read as true or false"]),
        ("a: 0b_", ["0b_ cannot be read as a whole number"]),
        (f"a: {'9' * 5000}", ["999...", "cannot be read as a whole number"]),
        ("a: !!timestamp x", ["the tag !!timestamp is not read here"]),
        ("a: !!set {b}", ["the tag !!set"]),
        ("a: !!binary x", ["the tag !!binary"]),
        ("a: !!python/name:os.system", ["the tag !!python/name:os.system"]),
        ("a: !own x", ["the tag !own"]),
        ("1e-4: {beta: 1}", ["the key 1e-4 reads as a number", "needs quotes"]),
        ("on: 1", ["the key on reads as true or false"]),
        ("null: 1", ["the key null reads as null"]),
        ("a: \x00", ["U+0000"]),
        ("a: \udce9", ["U+DCE9"]),
        ("a: *b", ["undefined alias"]),
        ("a: {<<: 1}", ["merging"]),
        ("a: 1\n---\nb: 2\n", ["line 2", "another document"]),
        ("a:\n\t- 1", ["line 2"]),
        ("%YAML 3.0\n--- a", ["incompatible"]),
        ("%FOO\n%YAML 1.1 x\n--- a", ["line 2"]),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(text: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "a.yaml")
    message = str(caught.value)
    assert message.startswith("a.yaml")
    assert "\n" not in message
    for word in words:
        assert word in message


@given(st.text(st.sampled_from(list("ab01e-+._:,#&*!|>%@`'\"{}[]?<=~\n\t \\x\x00\ufeff")), max_size=24))
@example("!!int")
@example("!<tag:yaml.org,2002:int> ")
@example("%TAG ! tag:yaml.org,2002:\n--- !int x")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = parse_yaml(text, "t")
    except InputError:
        return
    assert same(parse_yaml(dump_yaml(value), "t"), value) or "nan" in repr(value)


def test_dates_are_text() -> None:
    assert parse_yaml("[2001-01-01, 2001-99-99, =]", "t") == ["2001-01-01", "2001-99-99", "="]
