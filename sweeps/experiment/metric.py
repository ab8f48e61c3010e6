"""The metric that decides, declared before launch."""

from typing import Literal

from pydantic import Field

from cvae.sections import Section


class Metric(Section):
    """What decides, declared before launch."""

    name: Literal["val/psnr"] = Field(
        "val/psnr", description="metric of the last evaluation; confirm reads its split's"
    )
    direction: Literal["maximize"] = Field("maximize", description="which way is better")
    margin: float | None = Field(None, gt=0, description="differences within +-margin dB count as equivalent")
