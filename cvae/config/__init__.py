"""What a run is told: its schema and defaults, presets, `--set`, and the sentence for a mistake. No torch."""

from cvae.config.json_schema import config_schema
from cvae.config.network_sizes import CHANNELS_PER_GROUP, LAYERS, Work, stage_channels, training_flops
from cvae.config.overrides import at_path, merge, parse_settings
from cvae.config.schema import Config, EvaluationConfig, RuntimeConfig, Split, TrainConfig, build_config
from cvae.config.validation_errors import format_validation_error
from cvae.config.written_configs import read_configs
from cvae.config.yaml_file import dump_yaml, load_yaml_mapping

__all__ = [
    "CHANNELS_PER_GROUP",
    "LAYERS",
    "Config",
    "EvaluationConfig",
    "RuntimeConfig",
    "Split",
    "TrainConfig",
    "Work",
    "at_path",
    "build_config",
    "config_schema",
    "dump_yaml",
    "format_validation_error",
    "load_yaml_mapping",
    "merge",
    "parse_settings",
    "read_configs",
    "stage_channels",
    "training_flops",
]
