import pytest

from sweeps.launchers import Unreachable
from sweeps.launchers.ray.ray_head import NotDone, RayHead


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://[::1]:1"])
def test_nobody_at_an_address_is_named_by_it(address: str) -> None:
    with pytest.raises(Unreachable) as silence:
        RayHead(address).call("/api/version")
    assert str(silence.value).startswith(f"{address}: ")


def test_an_answer_says_its_last_line() -> None:
    assert str(NotDone(500, "Traceback\n  File x\nValueError: no.\n.\n")) == "500 ValueError: no."
