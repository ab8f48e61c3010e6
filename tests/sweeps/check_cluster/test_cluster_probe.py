from pathlib import Path

from sweeps.check_cluster.cluster_probe import claims, read_number


def test_one_of_two_wins_the_claim(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert [claims(tmp_path, tmp_path / name) for name in ("a", "b")] == [True, False]


def test_a_number_that_is_not_there_yet(tmp_path: Path) -> None:
    assert read_number(tmp_path / "ping") == -1
    (tmp_path / "ping").write_text("7")
    assert read_number(tmp_path / "ping") == 7
