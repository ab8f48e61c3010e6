"""LeRobot data sets in a local folder, v2.1 and v3.0: what meta/ says, tables of numbers, and films of frames.

Source: https://huggingface.co/docs/lerobot/lerobot-dataset-v3. Needs pyarrow and PyAV, which are imported where they
are used: everything else works without them.
"""

from cvae.data.sources.lerobot.lerobot_source import LeRobotEpisodes

__all__ = ["LeRobotEpisodes"]
