"""What can go wrong with what a user gives us, each with one clear line as its message."""


class IchorError(Exception):
    """Something the user can mend; the command line shows the message without a traceback."""


class UnreadableInput(IchorError):
    """A file, folder or archive that is not a head CT we can read.

    The message is one line that names the file and both the expected and the found value.
    """


class BadConfig(IchorError):
    """A configuration, a run or a model package that does not hold what it should."""
