"""The tables of a grid of experiments, beside the published ones."""
