"""The experiment file: what it means, and what is refused before anything is launched."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae.config.overrides import at_path, merge
from cvae.config.schema import build_config
from cvae.config.yaml_file import dump_yaml, load_yaml_mapping, parse_yaml
from cvae.errors import InputError
from cvae.record.run_state import RunIdentity, parse_record
from sweeps.experiment.experiment import Experiment, build_experiment, load_experiment
from sweeps.experiment.plan import all_runs
from sweeps.experiment_folder.layout import lay_out
from sweeps.experiment_folder.paths import ExperimentFolder
from sweeps.search_space.distributions import parse_dimension
from sweeps.search_space.points import grid, qmc_params
from sweeps.search_space.space import format_params, sample_params

GOOD: dict[str, Any] = {
    "name": "toy",
    "base": {"train": {"steps": 100}, "kl_anneal": {"mode": "cyclical", "n_cycles": 3}},
    "arms": {
        "constant": {"kl_anneal": {"mode": "constant"}},
        "cyclical": {"search": {"kl_anneal.n_cycles": {"int": [2, 8]}}},
    },
    "search": {"optim.lr": {"float": [1e-4, 1e-2], "log": True}},
    "tune": {"trials_per_arm": 2},
    "confirm": {"seeds": 3},
}


def refused(values: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        build_experiment(values, "toy.yaml")
    message = str(caught.value)
    assert message.startswith("toy.yaml")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("nme", "x", ["unknown key 'nme'", "did you mean 'name'?"]),
        ("base.preset", "labreport", ["base", "no preset 'labreport'", "did you mean 'lab_report'?", "sound, svg"]),
        ("arms.constant.preset", "svg", ["arm 'constant'", "unknown key 'preset'"]),
        ("base.optim.lrr", 1e-3, ["base", "unknown key 'optim.lrr'", "did you mean 'optim.lr'?"]),
        ("base.optim.lr", "fast", ["base", "optim.lr is 'fast'"]),
        ("arms.constant.kl_aneal", {"mode": "constant"}, ["arm 'constant'", "did you mean 'kl_anneal'?"]),
        ("arms.constant.search", {"kl_anneal.n_cycles": {"int": [2, 8]}}, ["arm 'constant'", "'kl_anneal.n_cycles'"]),
        ("arms.cyclical.search", {"kl_anneal.cycles": {"int": [2, 8]}}, ["arm 'cyclical'", "did you mean"]),
        ("arms.cyclical.search", {"kl_anneal.n_cycles": {"int": [0, 8]}}, ["arm 'cyclical'", "n_cycles is 0"]),
        ("arms.cyclical.search", {"optim.lr": {"float": [0.1, 0.2]}}, ["optim.lr, which every arm searches"]),
        ("arms.cyclical", "x", ["arms.cyclical is 'x'", "a mapping of configuration keys"]),
        ("arms", {"a/b": {}}, ["a/b"]),
        ("search.beta", {"float": [1.0, 0.1]}, ["empty range", "1.0 is not below 0.1"]),
        ("search.beta", {"float": [0.0, 0.1], "log": True}, ["above 0"]),
        ("search.beta", {"flaot": [0.1, 1.0]}, ["is no dimension", "{float: [low, high]}"]),
        ("search.beta", {"float": [0.1]}, ["at least 2 items"]),
        ("search.beta", {"choice": []}, ["at least 1 item"]),
        ("search.beta", {"choice": [1e-3, 1e-3]}, ["twice"]),
        ("search.beta", {"choice": [1, 1.0]}, ["twice"]),
        ("search.beta", {"choice": [None, None]}, ["twice"]),
        ("tune", None, ["no `tune` section"]),
        ("tune.sampler", "sobol", ["'qmc', 'random', 'grid', 'tpe', 'gp' or 'cmaes'"]),
        ("tune.trials_per_arm", 0, ["greater than or equal to 1"]),
        ("confirm.split", "val", ["'train', 'validate' or 'test'"]),
        ("metric.name", "val/kl", ["metric.name is 'val/kl'", "'val/psnr', 'val/ssim'", "'val/energy_db'"]),
        ("metric.name", "val/crps", ["metric.name is 'val/crps'", "energy_samples is 0", "2, 4, 8 or 16"]),
        ("metric", {"name": "val/mse", "direction": "maximize"}, ["'minimize'", "less is better"]),
        ("metric.name", "val/energy_db", ["metric.name is 'val/energy_db'", "energy_samples is 0", "2, 4, 8 or 16"]),
        ("metric.direction", "minimize", ["'maximize'"]),
        ("metric", {"name": "val/energy_db", "direction": "minimize"}, ["'maximize'", "more is better"]),
        ("name", "../x", ["name is '../x'"]),
    ],
)
def test_a_mistake_is_named_before_launch(path: str, value: Any, words: list[str]) -> None:
    message = refused(merge(GOOD, at_path(path, value)))
    for word in words:
        assert word in message


def test_the_energy_score_decides_where_every_run_has_it() -> None:
    metric = {"metric": {"name": "val/energy_db", "margin": 0.2}}
    experiment = build_experiment(merge(GOOD | metric, {"base": {"evaluation": {"energy_samples": 8}}}), "toy.yaml")
    assert [experiment.score_key(phase) for phase in ("tune", "confirm")] == ["val/energy_db", "test/energy_db"]
    assert (experiment.metric.label, experiment.metric.unit, experiment.metric.sign) == ("energy score", "dB", 1)
    one_arm = at_path("arms.constant.evaluation.energy_samples", 8)
    assert "arm" in (message := refused(merge(GOOD | metric, one_arm)))
    assert "energy_samples is 0" in message


def test_a_metric_brings_its_direction_and_what_measures_it() -> None:
    by_error = build_experiment(GOOD | {"metric": {"name": "val/mse"}}, "toy.yaml")
    assert (by_error.metric.direction, by_error.metric.sign, by_error.metric.unit) == ("minimize", -1, "")
    by_gap = build_experiment(GOOD | {"metric": {"name": "val/posterior_zero_gap"}}, "toy.yaml")
    tuned = by_gap.config("constant", {}, 0, "validate")
    assert tuned.evaluation.full  # or no trial would have it
    assert not build_experiment(GOOD, "toy.yaml").config("constant", {}, 0, "validate").evaluation.full
    told = {"base": {"evaluation": {"full": False}}, "metric": {"name": "val/posterior_zero_gap"}}
    assert "evaluation.full is false" in refused(merge(GOOD, told))


@pytest.mark.parametrize("name", ["val/ssim", "val/crps", "val/psnr_of_mean_of_n"])
def test_a_pruner_needs_a_metric_of_every_evaluation_of_which_more_is_better(name: str) -> None:
    message = refused(merge(GOOD, {"metric": {"name": name}, "tune": {"pruner": "median"}}))
    assert "a pruner needs" in message
    assert "val/psnr or val/energy_db" in message


def test_tune_needs_something_to_search() -> None:
    assert "nothing is searched" in refused(GOOD | {"arms": {"constant": {}}, "search": {}})


def test_an_experiment_needs_an_arm() -> None:
    assert "arms is {}" in refused(GOOD | {"arms": {}})


def test_an_arm_lies_over_the_base_and_parameters_over_the_arm() -> None:
    experiment = build_experiment(GOOD, "t")
    config = experiment.config("cyclical", {"optim.lr": 0.005, "kl_anneal.n_cycles": 7}, 3, "test")
    assert config.optim.lr == 0.005
    assert config.kl_anneal.model_dump() == {"mode": "cyclical", "n_cycles": 7, "ramp": 0.5, "shape": "linear"}
    assert (config.seed, config.evaluation.final_split, config.train.steps) == (3, "test", 100)
    assert experiment.config("constant", {}, 0, "test").kl_anneal.model_dump() == {"mode": "constant"}


def test_confirm_runs_are_evaluated_in_full_unless_the_experiment_says_no() -> None:
    experiment = build_experiment(GOOD, "t")
    assert experiment.config("constant", {}, 0, "test", full=True).evaluation.full
    assert not experiment.config("constant", {}, 0, "test").evaluation.full
    spared = build_experiment(GOOD | {"base": merge(GOOD["base"], {"evaluation": {"full": False}})}, "t")
    assert not spared.config("constant", {}, 0, "test", full=True).evaluation.full


def test_a_base_lies_over_its_preset_which_is_written_out() -> None:
    # Written out, because a preset may change and what a folder's runs share may not.
    values = GOOD | {"base": {"preset": "lab_report", "kl_anneal": {"mode": "cyclical"}}}
    experiment = build_experiment(values, "t")
    config = experiment.config("cyclical", {"kl_anneal.n_cycles": 7}, 0, "test")
    assert (config.train.steps, config.model.past_codes, config.kl_anneal.mode) == (600_000, True, "cyclical")
    assert "preset" not in experiment.written()["base"]
    assert build_experiment(experiment.written(), "again") == experiment


def test_confirm_seeds_are_fresh_and_shared() -> None:
    runs = all_runs(build_experiment(GOOD, "t"))
    seeds = {phase: {(r.arm, r.seed) for r in runs if r.phase == phase} for phase in ("tune", "confirm")}
    assert {s for _, s in seeds["tune"]} & {s for _, s in seeds["confirm"]} == set()
    for phase in seeds:
        by_arm = {arm: {s for a, s in seeds[phase] if a == arm} for arm in ("constant", "cyclical")}
        assert by_arm["constant"] == by_arm["cyclical"]


def test_what_is_written_is_the_same_experiment() -> None:
    experiment = build_experiment(GOOD, "t")
    assert build_experiment(experiment.written(), "again") == experiment


@pytest.mark.parametrize(
    ("written", "middle"),
    [
        ({"float": [1.0, 3.0]}, 2.0),
        ({"float": [1e-4, 1e-2], "log": True}, 1e-3),
        ({"int": [2, 8]}, 5),
        ({"choice": ["a", "b", "c"]}, "b"),
    ],
)
def test_the_middle_of_a_dimension(written: dict[str, Any], middle: Any) -> None:
    assert parse_dimension(written).at(0.5) == pytest.approx(middle)


def test_whole_numbers_own_equal_parts() -> None:
    dimension = parse_dimension({"int": [2, 5]})
    values = [dimension.at(i / 400) for i in range(400)]
    assert {v: values.count(v) for v in set(values)} == {2: 100, 3: 100, 4: 100, 5: 100}


@pytest.mark.parametrize("change", ["base.train.steps", "metric.margin", "search.optim.lr", "seed"])
def test_a_changed_experiment_is_refused_with_the_difference(tmp_path: Path, change: str) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    lay_out(build_experiment(GOOD, "t"), root)
    lay_out(build_experiment(merge(GOOD, {"question": "Why?", "confirm": {"seeds": 9}}), "t"), root)
    if change == "search.optim.lr":
        values = GOOD | {"search": {"optim.lr": {"float": [1e-4, 1e-1], "log": True}}}
    else:
        values = merge(GOOD, at_path(change, 1))
    with pytest.raises(InputError, match=f"launched with {change}") as caught:
        lay_out(build_experiment(values, "t"), root)
    assert "--set name=" in str(caught.value)


def test_more_trials_are_refused_once_confirm_has_begun(tmp_path: Path) -> None:
    root = ExperimentFolder(tmp_path / "toy")
    lay_out(build_experiment(GOOD, "t"), root)
    more = build_experiment(merge(GOOD, {"tune": {"trials_per_arm": 5}}), "t")
    lay_out(more, root)
    (root.path / "constant" / "confirm-0-s1000").mkdir(parents=True)
    with pytest.raises(InputError, match="begun to confirm"):
        lay_out(build_experiment(merge(GOOD, {"tune": {"trials_per_arm": 6}}), "t"), root)


FILES = sorted((Path(__file__).parents[3] / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_experiment_file_loads_and_says_what_it_is_for(path: Path) -> None:
    experiment = load_experiment(path)
    head = path.read_text().splitlines()
    assert head[0].startswith("# ")
    assert head[0].rstrip().endswith("?") or experiment.question.endswith("?")
    assert f"python run_sweep.py experiments/{path.name}" in "\n".join(head[:9])
    assert experiment.name.replace("-", "_") == path.stem


def leaf_paths(values: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in values.items():
        is_section = isinstance(value, dict) and value
        found += leaf_paths(value, f"{prefix}{key}.") if is_section else [f"{prefix}{key}"]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_key_of_an_experiment_file_moves_something(path: Path) -> None:
    # A base key that repeats a default, or that every arm and search overrides, says nothing: it does not belong there.
    written = load_yaml_mapping(path)
    checked = 0
    for key in leaf_paths(written["base"]):
        if key.endswith((".mode", ".source")):
            continue
        without = merge(written, {})
        without["base"] = drop(written["base"], key.split("."))
        checked += 1
        try:
            less = build_experiment(without, "t")
        except InputError:
            continue  # it cannot be left out
        assert configs(less) != configs(load_experiment(path)), key
    assert checked > 0 or not written["base"]
    assert len(FILES) >= 3


def drop(values: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    head, *rest = keys
    return {
        key: (drop(value, rest) if key == head and rest else value)
        for key, value in values.items()
        if key != head or rest
    }


def everything_at(experiment: Experiment, arm: str, end: int) -> dict[str, Any]:
    """Every searched parameter at its first or last bound."""
    return sample_params(experiment.space(arm), lambda parameter: parameter.dimension.examples()[end])


def configs(experiment: Experiment) -> list[Any]:
    return [
        [experiment.config(arm, point, 0, "test") for point in (everything_at(experiment, arm, end) for end in (0, -1))]
        for arm in experiment.arms
    ]


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.one_of(
    st.sampled_from(
        ["1e-4", "1e-3", "25921e05", "null", "010", "0x1f", "1.5", "on", "no", "y", "2001-01-01", "1_0", "0o7"]
    ),
    st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,12}\Z"),
)


@given(st.lists(names, min_size=1, max_size=3, unique=True), words, st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_an_experiment_says_is_read_back_the_same(arms: list[str], question: str, data: st.DataObject) -> None:
    # from the file that a launch writes, and of a run from its identity: names, choices, question, null
    options = [name for name in arms if "." not in name] or ["1e-4"]
    variants = {option: {"mode": "constant"} for option in options}
    search = {
        "optim.clip": {"choice": [None, 1.0]},
        "store": {"choice": data.draw(st.lists(names, min_size=1, max_size=3, unique=True))},
        "kl_anneal": {"choice": variants},
    }
    written = {"name": data.draw(names), "question": question, "arms": {arm: {} for arm in arms}, "search": search}
    experiment = build_experiment(written | {"tune": {"trials_per_arm": 3}}, "t")
    again = build_experiment(parse_yaml(dump_yaml(experiment.written()), "t"), "t")
    assert again == experiment
    assert (list(again.arms), again.question, again.name) == (arms, question, written["name"])
    for trial in range(3):
        params = qmc_params(again.space(arms[0]), 0, trial)
        identity = RunIdentity(again.name, arms[0], "tune", trial, trial, trial, params)
        assert parse_record(RunIdentity, json.loads(json.dumps(identity.written()))) == identity
        config = again.config(arms[0], params, trial, "validate")
        assert build_config(parse_yaml(dump_yaml(config.model_dump(mode="json")), "t"), "t") == config


def test_null_may_be_searched() -> None:
    values = merge(GOOD, {"search": {"optim.clip": {"choice": [None, 1.0]}}, "tune": {"sampler": "grid"}})
    space = build_experiment(values, "t").space("constant")
    tried = [params["optim.clip"] for params in grid(space, 2, 0)]
    assert sorted(tried, key=str) == [1.0, 1.0, None, None]
    assert format_params({"optim.clip": None}) == "optim.clip null"
    assert "beta is None" in refused(merge(GOOD, {"search": {"beta": {"choice": [None, 1.0]}}}))


@pytest.mark.parametrize(("change", "named"), [
    ({"tune": {"trials_per_arm": 10**20}}, "tune.trials_per_arm"),
    ({"confirm": {"seeds": 10**12}}, "confirm.seeds"),
    ({"confirm": {"configs_per_arm": 10**12}}, "confirm.configs_per_arm"),
    ({"confirm": {"configs_per_arm": 2, "seeds": 60_000}}, "configs_per_arm times seeds is 120000"),
])  # fmt: skip
def test_more_runs_than_can_be_counted_are_refused_at_once(change: dict[str, Any], named: str) -> None:
    # they were counted until the memory was full
    with pytest.raises(InputError, match=named):
        build_experiment(merge(GOOD, change), "t")
