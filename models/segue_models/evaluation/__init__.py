"""Evaluation: metrics on scores and on whole songs, with the code that serves."""
