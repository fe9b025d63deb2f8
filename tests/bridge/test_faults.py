"""Faults of the user's files and machine have codes and sentences of their own; only ours ask for a report."""

import errno
import os

import pytest

from segue_bridge.errors import SegueError
from segue_bridge.faults import plain
from segue_models.serving.inference import ModelError
from segue_models.signal.audio import AudioError


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (SegueError("silence", "the region is silent"), "silence", "the region is silent"),
        (AudioError("truncated_file", "it ends early"), "truncated_file", "it ends early"),
        (ModelError("cuts.onnx is broken"), "no_model", "cuts.onnx is broken"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/a.wav"), "not_found", "/a.wav is gone"),
        (PermissionError(errno.EACCES, "Permission denied", "/a.wav"), "unreadable", "/a.wav may not be opened"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/b.wav"), "failed", "make room on the disk"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "failed", "make room on the disk"),
        (OSError(errno.EIO, os.strerror(errno.EIO), "/a.wav"), "unreadable", "check the file"),
        (MemoryError(), "too_large", "select a shorter part"),
        (ZeroDivisionError("division by zero"), "internal", "please report it"),
    ],
)
def test_who_is_to_blame(fault, code, says):
    told = plain(fault, "the analysis")
    assert told.code == code and says in str(told) and "\n" not in str(told)
    assert (code == "internal") == ("report" in str(told))
