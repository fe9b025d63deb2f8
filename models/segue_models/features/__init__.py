"""Features of a song: the file name is the feature's name. No torch and no librosa at import."""
