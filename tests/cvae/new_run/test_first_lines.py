"""What is said of a training that begins badly."""

from cvae.new_run.first_lines import format_mute_code


def test_a_mute_code_is_said_with_its_share_and_where_to_read_on() -> None:
    assert format_mute_code(0.049).startswith("5% of the codes' second moment differ")
    assert "docs/evaluation.md" in format_mute_code(0.049)
