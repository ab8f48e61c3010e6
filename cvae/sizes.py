"""The published sizes of the networks, without torch: what builds them and what counts their arithmetic share these."""

#: Channels and layers of each stage at 64, 32, 16 and 8 pixels.
PUBLISHED_CHANNELS = (64, 128, 256, 512)
LAYERS = (2, 2, 3, 3)
CHANNELS_PER_GROUP = 16


def stage_channels(image_size: int, width: float) -> list[int]:
    """Return the channels of each stage, from full resolution down to 8 pixels.

    A scaled width is rounded to whole groups of 16 channels, so that both norms exist at every width.
    """
    n_stages = {32: 3, 64: 4}[image_size]
    groups = [max(1, round(channels * width / CHANNELS_PER_GROUP)) for channels in PUBLISHED_CHANNELS[:n_stages]]
    return [CHANNELS_PER_GROUP * n for n in groups]
