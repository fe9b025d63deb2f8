import csv

import numpy as np

from segue_models.corpora import jamendo


def test_three_songs_for_evaluation_only(data, tmp_path):
    tracks = jamendo.tracks(data, tmp_path)
    assert [t.artist for t in tracks] == ["LOS ROMBOS", "WASARU", "YUANAN “J.A.R”"]
    assert [t.licence for t in tracks] == ["CC BY-SA", "CC BY-NC-SA", "CC BY-NC-SA"]
    assert not any(t.trainable for t in tracks) and all(t.audio.exists() for t in tracks)
    assert not list(tmp_path.iterdir())


def test_words_lie_in_the_lines_another_file_gives(data):
    song = "Fantasma_-_Los_Rombos"
    words = jamendo.words(data, song)
    with (data / "jamendolyrics_cc" / "lines" / f"{song}.csv").open() as file:
        lines = np.array([[float(r["start_time"]), float(r["end_time"])] for r in csv.DictReader(file)])
    inside = np.any((words[:, :1] >= lines[:, 0] - 0.01) & (words[:, 1:] <= lines[:, 1] + 0.01), axis=1)
    assert inside.all() and len(words) > len(lines)
    assert np.allclose(sorted(set(lines[:, 0]) - set(words[:, 0])), [])  # every line starts with a word
