"""Sections: where they begin and which of them repeat. No torch and no librosa."""
