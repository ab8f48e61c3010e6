"""Durations, sizes and other amounts for people."""


def format_duration(seconds: float) -> str:
    """Return a duration for people: `45 s`, `3 min 20 s`, `2 h 5 min`."""
    minutes, s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {s} s" if minutes else f"{s} s"


def format_bytes(n_bytes: float) -> str:
    """Return a size for people: `12 MB`, `3.4 GB`."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def format_times(n: int) -> str:
    """Return how often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def format_flops(n: float) -> str:
    """Return an amount of arithmetic for people: `21.2 GFLOP`, `0.55 TFLOP`, `0.31 EFLOP`."""
    units = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"))
    unit, name = next((pair for pair in units if n >= 0.1 * pair[0]), units[-1])
    return f"{n / unit:.3g} {name}FLOP"


def parse_duration(text: str) -> float:
    """Return the seconds that a written duration means: `90`, `45m`, `8h`, `2d`, `1h30m`.

    Raises:
        ValueError: it is no duration above 0.
    """
    units, total, number = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}, 0.0, ""
    for letter in text.strip() + ("" if text.strip()[-1:].isalpha() else "s"):
        if letter in units:
            total += float(number) * units[letter]
            number = ""
        else:
            number += letter
    if number or not 0 < total < float("inf"):
        raise ValueError(f"'{text}' is no duration")
    return total
