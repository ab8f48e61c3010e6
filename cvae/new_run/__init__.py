"""A run before it trains: its folder, and what is said of its data and its first evaluation. No torch."""

from cvae.new_run.first_lines import describe_threshold, format_mute_code
from cvae.new_run.new_folder import prepare

__all__ = ["describe_threshold", "format_mute_code", "prepare"]
