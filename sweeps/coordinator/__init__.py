"""The one process that asks, launches, watches and tells: runs into slots, ends into studies, failures by policy."""

from sweeps.coordinator.coordinator import Coordinator

__all__ = ["Coordinator"]
