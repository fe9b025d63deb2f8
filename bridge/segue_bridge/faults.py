"""What went wrong, in the user's words: a file that is gone or a full disk is no fault of Segue."""

import errno

from segue_bridge.errors import SegueError
from segue_models.serving.inference import ModelError
from segue_models.signal.audio_errors import AudioError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def plain(fault: Exception, what: str) -> SegueError:
    """The fault with a code and a sentence of its own; "internal", which asks for a report, only for faults of ours.

    what: was being done, such as "the analysis".
    """
    match fault:
        case SegueError():
            return fault
        case AudioError():
            return SegueError(fault.code, str(fault))
        case ModelError():
            return SegueError("no_model", str(fault))
        case FileNotFoundError():
            return SegueError("not_found", f"{_name(fault)} is gone: check the path, or relink the audio in the DAW")
        case PermissionError():
            return SegueError("unreadable", f"{_name(fault)} may not be opened ({fault.strerror}): allow it")
        case OSError() if fault.errno in _FULL:
            return SegueError("failed", f"{_name(fault)} cannot be written ({fault.strerror}): make room on the disk")
        case OSError():
            return SegueError("unreadable", f"{_name(fault)} cannot be used ({fault.strerror}): check the file")
        case MemoryError():
            return SegueError("too_large", f"{what} needs more memory than there is: select a shorter part")
    sentence = f"{what} failed ({type(fault).__name__}: {fault}): please report it with the daemon's log"
    return SegueError("internal", sentence)


def _name(fault: OSError) -> str:
    return str(fault.filename) if fault.filename is not None else "a file"
