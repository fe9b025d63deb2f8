"""One target in a process of its own: `python -m tests.fuzz.child TARGET SECONDS SEED FOLDER`.

Every distinct fault leaves its input in FOLDER and the fuzzer goes on; a hang or too much memory ends the process.
"""

import logging
import os
import sys
import traceback
from pathlib import Path

import atheris

from . import json_mutator

HANG_S = 120  # a busy machine is no hang
MEMORY_MB = 2048

with atheris.instrument_imports(
    include=["segue_bridge", "segue_models", "pythonosc", "mido", "rpp", "ply", "xml"],
    enable_loader_override=False,
):
    from .targets import targets


def main() -> None:
    """Fuzz; libFuzzer ends the process and prints its figures on stderr."""
    name, seconds, seed, folder = sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])
    os.environ["XDG_DATA_HOME"] = str(folder / "home")
    logging.disable(logging.WARNING)
    target = targets(folder)[name]
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(target.seeds):
        (corpus / f"seed{number}").write_bytes(content)
    seen: set[str] = set()

    def one(data: bytes) -> None:
        try:
            target.run(data)
        except Exception as fault:
            frames = traceback.extract_tb(fault.__traceback__)
            own = [f for f in frames if "segue_" in f.filename] or frames
            place = f"{type(fault).__name__} {Path(own[-1].filename).name}:{own[-1].lineno} {fault}"
            if (key := place.partition(" ")[0] + f"{own[-1].filename}{own[-1].lineno}") not in seen:
                seen.add(key)
                (folder / f"crash-{len(seen)}").write_bytes(data)
                print(f"CRASH {place:.200}", file=sys.stderr, flush=True)

    def mutated(data: bytes, longest: int, seed: int) -> bytes:
        """Half of the changes of JSON leave it JSON, which those of bytes seldom do."""
        new = json_mutator.changed(data, seed) if seed % 2 else None
        return new[:longest] if new else atheris.Mutate(data, longest)

    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-timeout={HANG_S}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-artifact_prefix={folder}/",
            "-max_len=20000",
            "-print_final_stats=1",
        ],
        one,
        custom_mutator=mutated if target.seeds[0].startswith(b"{") else None,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
