"""Human voices: speech recordings of Debian packages, a speaker each, that the WORLD singer sings with."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from segue_models import files
from segue_models.rendering import mix
from segue_models.rendering.mix import Samples
from segue_models.rendering.voice import Voice, active, singer
from segue_models.signal.frames import RATE_HZ

SHARE = Path("/usr/share")
# Package: its licence, its recordings under SHARE, and what their path says of who speaks. In fillets-ng the small fish
# (m) and the big one (v) are an actor each; the other parts are left out, for several people share them.
_PACKAGES = {
    "klettres-data": ("GPL-2+", "klettres/*/*/*.ogg", r"(klettres)/(\w+)/"),
    "ktuberling-data": ("GPL-2+", "ktuberling/sounds/*/*.*", r"(ktuberling)/sounds/(\w+)/.*\.(?:ogg|opus|wav)$"),
    "fillets-ng-data-cs": ("GPL-2", "games/fillets-ng/sound/*/cs/*.ogg", r"(fillets)-ng/sound/\w+/(cs)/\w+-([mv])-"),
    "fillets-ng-data-nl": ("GPL-2", "games/fillets-ng/sound/*/nl/*.ogg", r"(fillets)-ng/sound/\w+/(nl)/\w+-([mv])-"),
}
_FEWEST = 25  # recordings: with fewer there are not the syllables to sing with
_SECONDS = 60.0  # of speech analysed a speaker
_PAUSE_S = 0.15  # so short that it is not taken for a silence to leave out
_LEAST_HZ = 22050  # duller recordings are left out
_HIGHER = 6.0  # semitones that people sing above the pitch they speak at


def recordings(share: Path = SHARE) -> dict[str, list[Path]]:
    """The sorted recordings of each speaker (klettres-de, fillets-cs-m).

    Raises FileNotFoundError if a package is not installed.
    """
    found: dict[str, list[Path]] = {}
    for package, (_, pattern, who) in _PACKAGES.items():
        paths = sorted(share.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"its recordings are missing: apt-get install {package} to render songs.")
        for path in paths:
            if speaks := re.search(who, str(path)):
                found.setdefault("-".join(speaks.groups()), []).append(path)
    return {name: found[name] for name in sorted(found) if len(found[name]) >= _FEWEST}


def licence(name: str) -> str:
    """The licence of a speaker's recordings."""
    return next(terms for package, (terms, *_) in _PACKAGES.items() if package.startswith(name.split("-")[0]))


def voice(name: str, cache: Path, share: Path = SHARE) -> Voice:
    """A speaker's voice, kept in `cache`, at the pitch they would sing.

    Raises FileNotFoundError if a package is not installed, ValueError if the speaker says fewer than 20 syllables.
    """
    recording = cache / f"{name}.flac"
    if not recording.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with files.replacing(recording) as out:
            sf.write(out, _speech(recordings(share)[name]), RATE_HZ, format="FLAC", subtype="PCM_16")
    spoken = singer(recording, cache)
    return replace(spoken, pitches=spoken.pitches + _HIGHER)


def _speech(paths: list[Path]) -> Samples:
    """Recordings from everywhere in the list, so that not all words begin alike, one after the other at one level."""
    parts: list[Samples] = []
    left = round(_SECONDS * RATE_HZ)
    for i in np.random.default_rng(0).permutation(len(paths)):
        audio, rate = sf.read(paths[i], dtype="float32", always_2d=True)
        if rate < _LEAST_HZ:
            continue
        said = mix.scaled(active(soxr.resample(audio.mean(axis=1), rate, RATE_HZ)), -20.0)
        parts += [said[:left], np.zeros(round(_PAUSE_S * RATE_HZ), dtype=np.float32)]
        left -= len(said)
        if left <= 0:
            break
    speech = np.concatenate(parts)
    return np.asarray(speech * min(1.0, 0.99 / np.abs(speech).max()), dtype=np.float32)
