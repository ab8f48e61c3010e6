"""What a user says of a Ray cluster."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from sweeps.launchers.engine_file import EngineOptions


class RayOptions(EngineOptions):
    """What a Ray cluster is told of a run."""

    address: str = Field(description="the head's dashboard, as http://HOST:8265")
    resources: dict[str, float] = Field({}, description="further resources of a run, as the cluster names them")

    @field_validator("address")
    @classmethod
    def _a_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected the head's dashboard, as http://HOST:8265")
        return value.rstrip("/")
