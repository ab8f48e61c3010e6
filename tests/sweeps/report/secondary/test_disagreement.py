"""One sentence where the metric that decides and those beside it point in different directions, and none elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.report.analysis import analyse
from tests.sweeps.report.planted import Planted


def sentences(tmp_path: Path, planted: Planted) -> list[str]:
    return analyse(planted.write(tmp_path)).disagreements


def two(psnr: float, also: Any = ("val/energy_db",), **options: Any) -> Planted:
    """Constant leads cyclical by `psnr` dB and trails by 2 of everything beside it of which more is good."""
    names = [(metric if isinstance(metric, str) else metric["name"]).rpartition("/")[2] for metric in also]
    truths = {name: {"constant": 18.0, "cyclical": 20.0} for name in names}
    return Planted({"constant": psnr, "cyclical": 0.0}, also=also, beside=truths, **options)


def test_an_arm_that_leads_and_trails_is_said(tmp_path: Path) -> None:
    (sentence,) = sentences(tmp_path, two(0.4))
    assert sentence.startswith("constant leads cyclical by one-sample PSNR (0.4")
    assert " and trails it by energy score (" in sentence
    assert sentence.endswith(").")
    assert "collapsed" not in sentence


def test_no_word_of_it_where_all_point_the_same_way(tmp_path: Path) -> None:
    assert sentences(tmp_path, two(-0.4)) == []


def test_equal_arms_get_no_sentence(tmp_path: Path) -> None:
    same = {"energy_db": {"constant": 18.0, "cyclical": 18.0}}  # the same noise too: a difference of zero at each seed
    assert sentences(tmp_path, Planted({"constant": 0.4, "cyclical": 0.0}, also=("val/energy_db",), beside=same)) == []


def test_a_secondary_difference_that_is_not_clear_gets_none(tmp_path: Path) -> None:
    # cyclical is above by 0.1 on average, and by -0.9 and 1.1 in turn: its interval holds zero
    folder = two(0.4).write(tmp_path)
    for i, path in enumerate(sorted(folder.glob("cyclical/confirm-*/state.json"))):
        state = json.loads(path.read_text())
        state["final"]["test/energy_db"] = 18.1 + (-1) ** i
        path.write_text(json.dumps(state))
    analysis = analyse(folder)
    assert analysis.secondary[0].pairs[0].test.n == 6
    assert analysis.disagreements == []


def test_less_is_good_where_the_metric_says_so(tmp_path: Path) -> None:
    assert sentences(tmp_path / "1", two(0.4, ("val/crps",))) == []  # constant has the smaller one: it leads by both
    (sentence,) = sentences(tmp_path / "2", two(-0.4, ("val/crps",)))
    assert sentence.startswith("cyclical leads constant by one-sample PSNR (0.")
    assert "trails it by CRPS (2.0" in sentence


def test_a_metric_without_a_direction_leads_nowhere(tmp_path: Path) -> None:
    assert sentences(tmp_path, two(0.4, ({"name": "val/kl", "direction": "none"},))) == []


def test_a_difference_inside_its_own_margin_is_not_spoken_of(tmp_path: Path) -> None:
    assert sentences(tmp_path / "1", two(0.4, ({"name": "val/energy_db", "margin": 3.0},))) == []
    assert len(sentences(tmp_path / "2", two(0.4, ({"name": "val/energy_db", "margin": 0.5},)))) == 1


def test_several_metrics_stand_in_one_sentence(tmp_path: Path) -> None:
    (sentence,) = sentences(tmp_path, two(0.4, ("val/energy_db", "val/ssim", "val/best_of_n_psnr")))
    assert sentence.index("energy score (") < sentence.index(", SSIM (") < sentence.index(" and best-of-n PSNR (")


@pytest.mark.parametrize(
    ("kl_of", "end"),
    [
        ({"constant": 0.004}, "): it has collapsed."),
        ({"cyclical": 0.004}, "): cyclical has collapsed."),
        ({"constant": 0.004, "cyclical": 0.001}, "): it has collapsed and cyclical has collapsed."),
        ({"constant": 0.02}, ")."),
    ],
)
def test_an_arm_that_has_collapsed_is_said_to_have(tmp_path: Path, kl_of: dict[str, float], end: str) -> None:
    (sentence,) = sentences(tmp_path, two(0.4, kl_of=kl_of))
    assert sentence.endswith(end)


@pytest.mark.parametrize(("n", "end"), [(5, ": it has collapsed in 5 of 6 runs."), (3, ").")])
def test_a_mixed_arm_has_collapsed_where_most_of_its_runs_have(tmp_path: Path, n: int, end: str) -> None:
    folder = two(0.4).write(tmp_path)
    for path in sorted(folder.glob("constant/confirm-*/state.json"))[:n]:
        path.write_text(path.read_text().replace('"collapsed": false', '"collapsed": true'))
    (sentence,) = analyse(folder).disagreements
    assert sentence.endswith(end)


def test_an_undecided_pair_that_a_secondary_metric_tells_apart_is_said(tmp_path: Path) -> None:
    planted = two(0.0, ("val/energy_db", "val/crps"), margin=None, noise_sd=0.2, kl_of={"constant": 0.001})
    (sentence,) = sentences(tmp_path, planted)
    assert sentence.startswith("cyclical against constant is undecided by one-sample PSNR (95% interval ")
    assert ", and cyclical leads by energy score (" in sentence
    assert " and constant leads by CRPS (" in sentence
    assert sentence.endswith("): constant has collapsed.")


def test_an_equivalent_pair_that_a_secondary_metric_tells_apart_is_said(tmp_path: Path) -> None:
    (sentence,) = sentences(tmp_path, two(0.0, margin=0.2))
    assert sentence.startswith("cyclical and constant are equivalent by one-sample PSNR (")
    assert ", and cyclical leads by energy score (" in sentence


def test_a_lead_that_holm_takes_back_is_said_to_be_undecided(tmp_path: Path) -> None:
    # Of four arms one leads by a little more than its intervals: clear alone, not among six pairs.
    arms = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.08}
    beside = {"energy_db": {"a": 20.0, "b": 19.0, "c": 18.0, "d": 15.0}}
    planted = Planted(arms, also=("val/energy_db",), beside=beside, margin=None, n_evals=2, random_seed=1)
    analysis = analyse(planted.write(tmp_path))
    taken_back = [p for p in analysis.pairs if p.verdict == "undecided" and p.test.p is not None and p.test.p < 0.05]
    assert taken_back
    for pair in taken_back:
        (sentence,) = [
            s for s in analysis.disagreements if {pair.a, pair.b} == set(s.split(" by ")[0].split(" leads "))
        ]
        assert "; undecided after Holm's adjustment) and trails it by energy score (" in sentence


def test_an_equivalent_pair_leads_nowhere_by_the_metric_that_decides(tmp_path: Path) -> None:
    # The same arms with a margin: a lead that Holm takes back and that lies inside the margin is no lead.
    arms = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.08}
    beside = {"energy_db": {"a": 20.0, "b": 19.0, "c": 18.0, "d": 15.0}}
    planted = Planted(arms, also=("val/energy_db",), beside=beside, margin=0.5, n_evals=2, random_seed=1)
    analysis = analyse(planted.write(tmp_path))
    assert any(p.verdict == "equivalent" and p.test.p is not None and p.test.p < 0.05 for p in analysis.pairs)
    assert [" are equivalent by one-sample PSNR (" in sentence for sentence in analysis.disagreements] == [True] * 6


def test_one_arm_alone_disagrees_with_nobody(tmp_path: Path) -> None:
    planted = Planted({"only": 0.0}, also=("val/ssim",), beside={"ssim": {"only": 0.9}})
    assert sentences(tmp_path, planted) == []
