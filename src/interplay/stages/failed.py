"""How a run ends that could not finish; apart from what runs it, so that the command line can name it at no cost."""


class StageFailedError(RuntimeError):
    """A run ended without some of its stages; the message is one line that names the first and its log."""
