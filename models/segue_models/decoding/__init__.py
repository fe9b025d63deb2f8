"""From what a network says at every frame or beat to times: no torch and no librosa."""
