"""What a step is told: the builder sizes the frame predictor by the rule that fills it."""

from itertools import product

import pytest
import torch

from cvae.model.conditioning import Conditioning

T, B, C, G = 5, 2, 7, 3


@pytest.mark.parametrize(("conditioned", "offset", "past_codes"), list(product([True, False], [-1, 0], [True, False])))
def test_a_step_is_told_as_many_values_as_its_input_has_room_for(
    conditioned: bool, offset: int, past_codes: bool
) -> None:
    conditioning = Conditioning(2, conditioned, offset, past_codes)
    aligned = conditioning.align(torch.randn(T, B, C), torch.randn(T, B, G))
    assert aligned.shape == (T - 1, B, conditioning.size(C, G))


def test_frame_t_is_predicted_from_the_condition_at_t_plus_offset() -> None:
    conditions = torch.randn(T, B, C)
    for offset in (-1, 0):
        aligned = Conditioning(2, True, offset, False).align(conditions, torch.randn(T, B, G))
        assert all(torch.equal(aligned[t - 1], conditions[t + offset]) for t in range(1, T))
