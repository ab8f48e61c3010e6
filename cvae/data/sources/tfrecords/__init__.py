"""TFRecord files without TensorFlow: their framing, the Examples in them, and what BAIR's and RLDS's hold."""

from cvae.data.sources.tfrecords.bair_records import Camera, bair_format, read_bair_record
from cvae.data.sources.tfrecords.framing import Record, list_records, records_digest
from cvae.data.sources.tfrecords.rlds import RldsEpisodes

__all__ = ["Camera", "Record", "RldsEpisodes", "bair_format", "list_records", "read_bair_record", "records_digest"]
