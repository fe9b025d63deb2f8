"""How far beats agree: against beats whose relation is known."""

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from segue_models.evaluation import agreement
from segue_models.signal.frames import RATE_HZ

BEATS = np.arange(0.0, 60.0, 0.5)


@pytest.mark.parametrize(
    ("theirs", "f", "any_octave"),
    [
        (BEATS + 0.05, 1, 1),
        (BEATS + 0.25, 0, 2 / 3),  # off beats: of ours doubled all theirs are among twice as many
        (np.arange(0, 60, 0.25), 2 / 3, 1),
        (BEATS[1::2], 2 / 3, 1),
        (np.empty(0), 0, 0),
    ],
)
def test_same_half_and_double_beats(theirs, f, any_octave):
    found = agreement.agreement(BEATS, theirs, 0.0, 60.0)
    assert (found.f, found.any_octave) == pytest.approx((f, any_octave), abs=0.01)


def test_only_the_section_counts_and_too_few_beats_are_not_judged():
    theirs = np.concatenate([BEATS[BEATS < 30], BEATS[BEATS >= 30] + 0.25])
    halves = [agreement.agreement(BEATS, theirs, *span).f for span in ((0.0, 30.0), (30.0, 60.0), (0.0, 1.5))]
    assert halves == pytest.approx([1, 0, np.nan], abs=0.02, nan_ok=True)


def test_the_command_tells_what_is_missing_and_prints_song_and_sections(tmp_path, monkeypatch, clicks):
    def missing(mono):
        raise ModuleNotFoundError("No module named 'essentia'")

    beats = BEATS[BEATS < 20]
    trackers = {"true": lambda mono: beats, "half": lambda mono: beats[::2], "multi": missing}
    monkeypatch.setattr(agreement, "TRACKERS", trackers)
    soundfile.write(tmp_path / "clicks.wav", clicks(beats, 20.0), RATE_HZ)
    done = CliRunner().invoke(agreement.main, [str(tmp_path / "clicks.wav")])
    assert done.exit_code == 0, done.output
    assert "multi is left out: No module named 'essentia'" in done.output
    whole = next(line for line in done.output.splitlines() if line.startswith("clicks")).split()
    assert whole[1] == "0.0" and float(whole[3]) == pytest.approx(120, abs=1)
    assert [float(cell) for cell in whole[5:]] == pytest.approx([1, 1, 2 / 3, 1, 2 / 3, 1], abs=0.05)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    done = CliRunner().invoke(agreement.main, [str(tmp_path / "none.wav")])
    assert done.exit_code == 2 and "none.wav" in done.output
