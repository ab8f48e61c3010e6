"""The given frames as the networks saw them, once for every sample that is drawn after them."""

from dataclasses import dataclass, replace

from torch import Tensor


@dataclass(frozen=True)
class Past:
    """What a prediction rests on, for B clips."""

    codes: Tensor  # (n_past, B, G) of the given frames
    projected: list[Tensor]  # (B, C_i, s_i, s_i): what the skips add that help to decode the first future frame
    conditions: Tensor  # (T-1, B, C), aligned with the predicted frames 1 .. T-1

    def with_conditions(self, conditions: Tensor) -> "Past":
        """Return the same frames under other conditions, aligned, (T-1, B, C)."""
        return replace(self, conditions=conditions)

    def rows(self, chosen: Tensor) -> "Past":
        """Return clips by their row, (R,) integers, as often as they are named."""
        return Past(
            self.codes.index_select(1, chosen),
            [_rows(skip, chosen) for skip in self.projected],
            self.conditions.index_select(1, chosen),
        )


def _rows(skip: Tensor, chosen: Tensor) -> Tensor:
    """Return rows of (B, C, s, s) in the memory layout that they had, on which the choice of kernels depends."""
    is_channels_last = skip.stride(1) == 1
    rows = skip.permute(0, 2, 3, 1).index_select(0, chosen).permute(0, 3, 1, 2)
    return rows if is_channels_last else rows.contiguous()
