"""The main job on a song of our own."""
