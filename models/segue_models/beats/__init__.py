"""Beats and bars: from what a network says at every frame to a grid. No torch and no librosa."""
