"""Which process is which, since a number alone is given away again, and how this one shows that it works. No torch."""

from cvae.processes.process_mark import ProcessMark, mark_of
from cvae.processes.signs_of_work import beat, beats

__all__ = ["ProcessMark", "beat", "beats", "mark_of"]
