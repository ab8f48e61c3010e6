"""Figures over several studies, for no single report's page."""

from sweeps.report.figures.studies.setting_differences import SettingDifference, difference_by_setting
from sweeps.report.figures.studies.training_length import Advantage, advantage_by_length

__all__ = ["Advantage", "SettingDifference", "advantage_by_length", "difference_by_setting"]
