"""Search spaces whose choices bring parameters of their own: the laws of what a trial has and shares."""

from typing import Any

import optuna
import pytest
from optuna.storages import InMemoryStorage

from cvae.config.overrides import at_path, merge
from cvae.errors import InputError
from sweeps.experiment.experiment import Experiment, build_experiment
from sweeps.search_space.points import qmc_params
from sweeps.search_space.space import Params, corners, format_params, parameters
from sweeps.study.arm_study import ArmStudy

KL: dict[str, Any] = {
    "choice": {
        "constant": {"mode": "constant"},
        "cyclical": {"mode": "cyclical", "ramp": 0.25, "search": {"n_cycles": {"int": [2, 8]}}},
        "control": {"mode": "control", "search": {"target": {"float": [1.0, 50.0], "log": True}}},
    }
}
ONE_ARM: dict[str, Any] = {
    "name": "search",
    "base": {"kl_anneal": {"mode": "cyclical", "n_cycles": 3, "shape": "cosine"}},
    "arms": {"all": {}},
    "search": {"optim.lr": {"float": [1e-4, 1e-2], "log": True}, "kl_anneal": KL, "beta": {"float": [1e-6, 1e-4]}},
    "tune": {"trials_per_arm": 12},
}
OWN = {"constant": set(), "cyclical": {"kl_anneal.cyclical.n_cycles"}, "control": {"kl_anneal.control.target"}}


def build(**changes: Any) -> Experiment:
    return build_experiment(merge(ONE_ARM, changes), "search.yaml")


def trials(experiment: Experiment, n: int, arm: str = "all") -> list[Params]:
    return [qmc_params(experiment.space(arm), experiment.seed, k) for k in range(n)]


def check_is_conditional(params: Params) -> None:
    """A trial has the shared parameters, the choice, and what the chosen variant searches: nothing else."""
    assert set(params) == {"optim.lr", "kl_anneal", "beta"} | OWN[str(params["kl_anneal"])]


def test_every_name_of_the_space() -> None:
    assert [p.name for p in parameters(build().space("all"))] == [
        "optim.lr",
        "kl_anneal",
        "kl_anneal.cyclical.n_cycles",
        "kl_anneal.control.target",
        "beta",
    ]


def test_a_trial_has_the_parameters_of_its_choice_alone() -> None:
    found = trials(build(), 60)
    for params in found:
        check_is_conditional(params)
    counts = [sum(p["kl_anneal"] == name for p in found) for name in OWN]
    assert all(19 <= n <= 21 for n in counts)  # options own equal parts, and the points are even


@pytest.mark.parametrize("sampler", ["qmc", "random", "tpe"])
def test_optuna_sees_a_conditional_space(sampler: str) -> None:
    # Parameters are suggested under their choice only; a trial that is asked for twice is the same trial.
    experiment = build(tune={"sampler": sampler, "trials_per_arm": 25})
    storage = InMemoryStorage()
    study = ArmStudy(experiment, "all", storage)
    for k in range(25):
        params = study.params_of(k)
        assert study.params_of(k) == params
        study.tell(k, "finished", 20.0 + k % 7, {})
        check_is_conditional(params)
    frozen = optuna.load_study(study_name="search/all", storage=storage).get_trials()
    for trial in frozen:
        assert set(trial.distributions) == set(trial.params)
        check_is_conditional(trial.params)
    assert {trial.params["kl_anneal"] for trial in frozen} == set(OWN)


def test_one_option_leaks_nothing_into_another() -> None:
    # What the base, or another option, says of a mode has no meaning under the chosen one.
    experiment = build()
    chosen = [experiment.config("all", params, 0, "test").kl_anneal.model_dump() for params in trials(experiment, 30)]
    fields = {dumped["mode"]: set(dumped) for dumped in chosen}
    assert fields["constant"] == {"mode"}
    assert fields["control"] == {"mode", "target", "kp", "ki", "beta_min", "beta_max"}
    assert {(d["ramp"], d["shape"]) for d in chosen if d["mode"] == "cyclical"} == {(0.25, "cosine")}
    assert len({d["n_cycles"] for d in chosen if d["mode"] == "cyclical"}) > 3


def test_shared_values_stay_shared_whatever_is_chosen() -> None:
    # Two arms, one with a choice of its own: the shared parameters come first and are the same trial by trial.
    arms = {"plain": {"kl_anneal": {"mode": "constant"}}, "free": {"search": {"kl_anneal": KL}}}
    shared = {"optim.lr": ONE_ARM["search"]["optim.lr"], "beta": ONE_ARM["search"]["beta"]}
    experiment = build_experiment(ONE_ARM | {"arms": arms, "search": shared}, "t")
    assert experiment.tune is not None
    plain, free = trials(experiment, 40, "plain"), trials(experiment, 40, "free")
    assert plain == [{path: params[path] for path in shared} for params in free]


def test_a_coordinate_depends_on_seed_parameter_and_trial_alone() -> None:
    # What a variant searches moves no value of another, nor of the choice: each has a coordinate, chosen or not.
    wide = at_path("search.kl_anneal.choice.cyclical.search.n_cycles", {"int": [2, 800]})
    one, other = trials(build(), 40), trials(build_experiment(merge(ONE_ARM, wide), "t"), 40)
    for a, b in zip(one, other, strict=True):
        assert {k: v for k, v in a.items() if "n_cycles" not in k} == {
            k: v for k, v in b.items() if "n_cycles" not in k
        }
    assert one != other


def test_a_choice_within_a_choice() -> None:
    # Names carry every variant on the way, paths none of them.
    cosine = {"mode": "cosine", "search": {"floor": {"float": [0.0, 0.5]}}}
    schedule = {"choice": {"cosine": cosine, "warmup": {"mode": "warmup"}}}
    optim = {"choice": {"plain": {"lr": 5e-3}, "moving": {"search": {"schedule": schedule}}}}
    experiment = build_experiment(ONE_ARM | {"search": {"optim": optim}}, "t")
    floor = "optim.moving.schedule.cosine.floor"
    assert [p.name for p in parameters(experiment.space("all"))] == ["optim", "optim.moving.schedule", floor]
    found = {tuple(params): params for params in trials(experiment, 20)}
    assert set(found) == {("optim",), ("optim", "optim.moving.schedule"), ("optim", "optim.moving.schedule", floor)}
    deepest = found["optim", "optim.moving.schedule", floor]
    assert experiment.config("all", deepest, 0, "test").optim.schedule.model_dump()["floor"] == deepest[floor]
    assert experiment.config("all", {"optim": "plain"}, 0, "test").optim.lr == 5e-3


def test_the_space_is_checked_at_every_option_and_each_two_bounds() -> None:
    found = list(corners(build().space("all")))
    assert {"kl_anneal": "cyclical", "kl_anneal.cyclical.n_cycles": 8} in found
    assert {"kl_anneal": "control", "kl_anneal.control.target": 1.0, "beta": 1e-4} in found
    assert all(
        OWN[str(point["kl_anneal"])] >= {n for n in point if n.count(".") == 2}
        for point in found
        if "kl_anneal" in point
    )


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"mode": "cyclicle"}, ["kl_anneal = broken", "kl_anneal.mode is 'cyclicle'", "'cyclical'"]),
        ({"mode": "constant", "ramp": 0.5}, ["kl_anneal = broken", "unknown key 'kl_anneal.ramp'"]),
        ({"mode": "constant", "search": {"n_cycles": {"int": [2, 8]}}}, ["unknown key 'kl_anneal.n_cycles'"]),
        ({"mode": "cyclical", "search": {"n_cycles": {"int": [0, 8]}}}, ["kl_anneal = broken", "n_cycles is 0"]),
        (
            {"mode": "cyclical", "search": {"n_cycles": {"int": [8, 2]}}},
            ["choice.broken.search.n_cycles", "empty range"],
        ),
        ({"mode": "cyclical", "search": {"n_cycles": 4}}, ["4 is no dimension"]),
        ("cyclical", ["choice.broken is 'cyclical'", "a mapping of configuration keys"]),
    ],
)
def test_a_mistake_in_an_option_is_named_before_launch(option: Any, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        build(search={"kl_anneal": {"choice": {"broken": option}}})
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_options_name_is_a_word() -> None:
    with pytest.raises(InputError, match=r"a\.b"):
        build(search={"kl_anneal": {"choice": {"a.b": {"mode": "constant"}}}})


def test_a_path_within_a_searched_section_is_refused() -> None:
    # Choosing the section would undo it, or it the section, by their order in the file.
    ramp = {"float": [0.1, 0.9]}
    with pytest.raises(InputError, match=r"searches kl_anneal\.ramp, which lies within kl_anneal"):
        build(search={"kl_anneal.ramp": ramp})
    scheduled = {"schedule": {"choice": {"cosine": {"mode": "cosine"}}}, "schedule.floor": ramp}
    with pytest.raises(InputError, match=r"searches schedule\.floor, which lies within schedule"):
        build_experiment(ONE_ARM | {"search": {"optim": {"choice": {"a": {"search": scheduled}}}}}, "t")


def test_two_bounds_that_are_impossible_together_are_refused() -> None:
    # Alone, each bound is a valid configuration.
    forcing = {"mode": "linear", "decay_start": 0.1, "decay_end": 0.9}
    search = {"decay_start": {"float": [0.0, 0.6]}, "decay_end": {"float": [0.5, 1.0]}}
    values = ONE_ARM | {
        "base": {"teacher_forcing": forcing},
        "search": {f"teacher_forcing.{name}": dimension for name, dimension in search.items()},
    }
    with pytest.raises(InputError, match=r"decay_end 0\.5 must be above decay_start 0\.6"):
        build_experiment(values, "t")


def test_a_parameter_of_an_option_that_was_not_chosen_is_refused() -> None:
    experiment = build()
    with pytest.raises(LookupError, match=r"kl_anneal\.cyclical\.n_cycles"):
        experiment.config("all", {"kl_anneal": "constant", "kl_anneal.cyclical.n_cycles": 3}, 0, "test")


def test_what_is_written_is_the_same_experiment() -> None:
    experiment = build()
    again = build_experiment(experiment.written(), "again")
    assert again == experiment
    assert trials(again, 8) == trials(experiment, 8)
    cyclical = experiment.written()["search"]["kl_anneal"]["choice"]["cyclical"]
    assert cyclical == {"mode": "cyclical", "ramp": 0.25, "search": {"n_cycles": {"int": [2, 8], "log": False}}}


def test_parameters_are_printed_in_one_line() -> None:
    # real numbers with four significant digits, or as many as asked for; all other values as they are
    params: Params = {"optim.lr": 1.23456e-3, "n_past": 12345, "kl_anneal": "cyclical", "optim.amsgrad": True}
    assert format_params(params) == "optim.lr 0.001235, n_past 12345, kl_anneal cyclical, optim.amsgrad True"
    assert format_params(params, digits=3).startswith("optim.lr 0.00123, n_past 12345")
    assert format_params({}) == ""
