"""The endings of files that are recordings."""

OWN = {
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".aifc", ".caf", ".au", ".snd"),
    *(".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".mpga"),
}
DECODED = {  # by PyAV or ffmpeg; of a film the first sound
    *(".m4a", ".m4b", ".aac", ".adts", ".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".mka", ".webm", ".wma", ".wmv"),
    *(".asf", ".avi", ".flv", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".ogv", ".ac3", ".eac3", ".amr", ".ape", ".wv"),
    *(".tta", ".mpc"),
}
ALL = frozenset(OWN | DECODED)
