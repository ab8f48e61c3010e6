"""`--set` changes what an experiment file holds and creates nothing that the file names."""

from typing import Any

import pytest

from cvae.errors import InputError
from sweeps.experiment.overridden import override

FILE: dict[str, Any] = {
    "name": "toy",
    "base": {"data": {"source": "pushing", "seed": 3}},
    "arms": {"constant": {}, "beta-1.5": {"beta": 1.5, "search": {"optim.beta1": {"float": [0.5, 0.9]}}}},
    "search": {
        "optim.lr": {"float": [1e-4, 1e-2], "log": True},
        "kl_anneal": {"choice": {"cyclical": {"search": {"ramp": {"float": [0.1, 0.9]}}}, "monotonic": {}}},
        "model.norm": {"choice": ["batch", "group"]},
    },
}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("arms.constnat.beta=1e-4", ["no arm 'constnat'", "did you mean 'constant'?", "constant, beta-1.5"]),
        ("arms.beta-1.4.beta=1e-4", ["no arm 'beta-1'", "beta-1.5"]),
        ("arms={other: {beta: 1}}", ["no arm 'other'", "known: constant"]),
        ("arms.other={}", ["no arm 'other'"]),
        ("search.optim.lrr.float=[0, 1]", ["no searched parameter 'optim'", "optim.lr"]),
        ("search={beta: {float: [0, 1]}}", ["no searched parameter 'beta'"]),
        ("arms.constant.search.beta.float=[0, 1]", ["no searched parameter 'beta'", "known: none"]),
        ("arms.beta-1.5.search.beta.float=[0, 1]", ["no searched parameter 'beta'", "optim.beta1"]),
        ("search.kl_anneal.choice.cyclcal.ramp=0.5", ["no option 'cyclcal'", "did you mean 'cyclical'?"]),
        ("search.kl_anneal.choice.cyclical.search.rmp.float=[0, 1]", ["no searched parameter 'rmp'", "'ramp'?"]),
    ],
)
def test_nothing_is_created(setting: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        override(FILE, [setting])
    for word in [f"--set {setting}", *words]:
        assert word in str(caught.value)


def test_names_with_dots_are_reached() -> None:
    settings = [
        "arms.beta-1.5.beta=2",
        "search.optim.lr.float=[1e-3, 1e-2]",
        "arms.beta-1.5.search.optim.beta1.log=true",
    ]
    changed = override(FILE, settings)
    assert changed["arms"]["beta-1.5"]["beta"] == 2
    assert changed["search"]["optim.lr"] == {"float": [1e-3, 1e-2], "log": True}
    assert changed["arms"]["beta-1.5"]["search"]["optim.beta1"] == {"float": [0.5, 0.9], "log": True}
    assert list(changed["arms"]) == list(FILE["arms"])
    assert FILE["arms"]["beta-1.5"]["beta"] == 1.5


def test_what_the_schema_names_may_be_set_where_it_was_not() -> None:
    changed = override(FILE, ["confirm.seeds=3", "base.optim.lr=1e-3", "arms.constant.optim.clip=null", "question=why"])
    assert (changed["confirm"], changed["base"]["optim"]) == ({"seeds": 3}, {"lr": 1e-3})
    assert changed["arms"]["constant"] == {"optim": {"clip": None}}


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_settings_stand_in_any_order(order: list[int]) -> None:
    settings = ["base.data.source=bair", "base.data.root=/data"]
    assert override(FILE, [settings[i] for i in order])["base"]["data"] == {"source": "bair", "root": "/data"}
