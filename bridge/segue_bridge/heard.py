"""What is heard of a region whatever its grid is: kept, so that another grid needs no listening, and changes no score.

Every score stands on the beats: for another grid they are computed anew from this, which is a fifth of the work.
"""

import io
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from segue_bridge.result import AudioInfo
from segue_models.song import Song, recall


@dataclass(frozen=True)
class Heard:
    """A region of a recording: `end` in seconds of it, where the region ends; warnings: for the user."""

    audio: AudioInfo
    song: Song
    end: float
    warnings: list[str]

    def to_bytes(self) -> bytes:
        """All but the samples; numbers come back as they were."""
        arrays: dict[str, Any] = {**self.song.heard()}
        facts = [asdict(self.audio), self.song.start, self.song.lead, self.end, self.warnings]
        content = io.BytesIO()
        np.savez(content, facts=np.array(json.dumps(facts)), **arrays)
        return content.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Heard":
        """Inverse of `to_bytes`; raises ValueError, KeyError, TypeError, OSError or BadZipFile on anything else."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            audio, start, lead, end, warnings = json.loads(str(arrays["facts"]))
            song = recall({name: arrays[name] for name in arrays.files if name != "facts"}, float(start), float(lead))
        return cls(AudioInfo(**audio), song, float(end), list(warnings))
