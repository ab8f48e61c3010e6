"""One dimension of a search space, as an experiment file writes it."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from cvae.sections import Section

Value = bool | int | float | str | None

#: Part of a parameter's name, between dots.
OptionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class _Dimension(Section):
    model_config = ConfigDict(populate_by_name=True)  # by the name in Python too, beside the alias in a file


def _check_range(bounds: Sequence[float], log: bool) -> None:
    low, high = bounds
    if low >= high:
        raise ValueError(f"an empty range: {low} is not below {high}")
    if log and low <= 0:
        raise ValueError(f"a logarithmic range must lie above 0, and {low} does not")


class FloatRange(_Dimension):
    """`{float: [low, high], log: false}`: a real number between two bounds."""

    bounds: Annotated[list[float], Field(alias="float", min_length=2, max_length=2)]
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> "FloatRange":
        _check_range(self.bounds, self.log)
        return self

    def examples(self) -> list[Value]:
        """Return the values at which the space is checked."""
        return list(self.bounds)

    def at(self, u: float) -> Value:
        """Return the value at u in [0, 1) of the way from low to high, on the range's own scale."""
        low, high = self.bounds
        return float(low * (high / low) ** u) if self.log else float(low + (high - low) * u)


class IntRange(_Dimension):
    """`{int: [low, high], log: false}`: a whole number, both bounds included."""

    bounds: Annotated[list[int], Field(alias="int", min_length=2, max_length=2)]
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> "IntRange":
        _check_range(self.bounds, self.log)
        return self

    def examples(self) -> list[Value]:
        """Return the values at which the space is checked."""
        return list(self.bounds)

    def at(self, u: float) -> Value:
        """Return the value at u in [0, 1) of the way; each whole number owns an equal part (of the log range too)."""
        low, high = self.bounds
        real = low * ((high + 1) / low) ** u if self.log else low + (high + 1 - low) * u
        return min(int(real), high)


class Choice(_Dimension):
    """`{choice: [a, b, ...]}`: one of some values, of which null may be one."""

    options: Annotated[list[Value], Field(alias="choice", min_length=1)]

    @model_validator(mode="after")
    def _are_distinct(self) -> "Choice":
        if len(set(self.options)) < len(self.options):  # equal values of two types, too: a storage keeps the first
            raise ValueError("a choice is given twice (1, 1.0 and true are one)")
        return self

    def examples(self) -> list[Value]:
        """Return the values at which the space is checked."""
        return list(self.options)

    def at(self, u: float) -> Value:
        """Return the option at u in [0, 1) of the way through the list."""
        return self.options[min(int(u * len(self.options)), len(self.options) - 1)]


class ConditionalChoice(_Dimension):
    """`{choice: {a: {...}, b: {...}}}`: one of some named variants of a section, each with a search of its own."""

    variants: Annotated[dict[OptionName, "WrittenVariant"], Field(alias="choice", min_length=1)]

    def examples(self) -> list[Value]:
        """Return the values at which the space is checked: every variant's name."""
        return list(self.variants)

    def at(self, u: float) -> Value:
        """Return the name of the variant at u in [0, 1) of the way through them."""
        names = list(self.variants)
        return names[min(int(u * len(names)), len(names) - 1)]


Dimension = FloatRange | IntRange | Choice | ConditionalChoice

KINDS: dict[str, type[Dimension]] = {"float": FloatRange, "int": IntRange, "choice": Choice}


def parse_dimension(written: Any) -> Dimension:
    """Return the dimension that a mapping of an experiment file describes.

    Raises:
        ValueError: it is none, or its range is empty; says what is allowed.
    """
    kind = next((k for k in KINDS if isinstance(written, dict) and k in written), None)
    if kind is None:
        raise ValueError(
            f"{written!r} is no dimension; allowed: {{float: [low, high]}}, {{int: [low, high]}} "
            "(both with log: true if wanted), {choice: [a, b]}, {choice: {a: {...}, b: {...}}}"
        )
    if kind == "choice" and isinstance(written[kind], dict):
        return ConditionalChoice.model_validate(written)
    return KINDS[kind].model_validate(written)


WrittenDimension = Annotated[
    Dimension,
    BeforeValidator(parse_dimension),
    PlainSerializer(lambda dimension: dimension.model_dump(by_alias=True)),
]


class Variant(_Dimension):
    """Differences from what lies below, and what is searched beside them: an arm, or an option of a choice."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    search: dict[str, WrittenDimension] = Field(default_factory=dict)


def _split_variant(written: Any) -> Any:
    """In the file a variant is its overrides with `search` among them."""
    if not isinstance(written, dict):
        raise ValueError("it should be a mapping of configuration keys, and `search`")
    return {"overrides": {k: v for k, v in written.items() if k != "search"}, "search": written.get("search") or {}}


def _join_variant(variant: Variant) -> dict[str, Any]:
    search = {path: dimension.model_dump(by_alias=True) for path, dimension in variant.search.items()}
    return variant.overrides | ({"search": search} if search else {})


WrittenVariant = Annotated[Variant, BeforeValidator(_split_variant), PlainSerializer(_join_variant)]

ConditionalChoice.model_rebuild()
