"""The one exception for a user's mistake."""


class InputError(Exception):
    """Something the user gave cannot be used.

    The message is one sentence that names the file, key or value at fault and what is allowed. Command
    lines print it alone, without a traceback, and exit with status 2.
    """
