"""What Stoller, Akkermans and Dixon published of their experiments: mean balanced classification rates (specs 1.9)."""

OVERALL = {"experiment1": 0.610, "experiment2": 0.656, "experiment3": 0.637}

MEANS = {
    ("experiment1", "pooled", "1"): 0.617,
    ("experiment1", "pooled", "2"): 0.605,
    ("experiment1", "feature", "gammatone"): 0.643,
    ("experiment1", "feature", "cqt"): 0.600,
    ("experiment1", "feature", "handcrafted"): 0.587,
    ("experiment2", "window_beats", "12"): 0.663,
    ("experiment2", "window_beats", "6"): 0.650,
    ("experiment2", "cells_per_beat", "8"): 0.663,
    ("experiment2", "cells_per_beat", "4"): 0.660,
    ("experiment2", "cells_per_beat", "2"): 0.648,
    ("experiment2", "feature", "cqt"): 0.653,
    ("experiment2", "feature", "gammatone"): 0.658,  # of absolute time alone: only so the overall mean comes out
    ("experiment2", "pool", "1-2"): 0.65,
    ("experiment2", "pool", "2-2"): 0.66,
}

# Factors, or two levels of one, between which no significant difference was found.
ALIKE = {
    ("experiment1", "window_s"),
    ("experiment1", "filters"),
    ("experiment1", "shape"),
    ("experiment2", "filters"),
    ("experiment2", "cells_per_beat", "8", "4"),
}

# Better and worse levels of which no means were published.
BETTER = {("experiment2", "shape", "3-3", "3-9"), ("experiment2", "shape", "3-3", "9-3")}

BEST_OF = {"experiment2": (0.670, 0.678)}  # absolute time, aligned to beats
TEN_FOLD = {"entry": (0.692, 0.030), "exit": (0.654, 0.011)}  # of the best model: mean, standard deviation


def difference(grid: str, factor: str, a: str, b: str) -> str:
    """What the paper says of level a against b of a factor: a difference of means, "alike", a sign, or nothing."""
    if {(grid, factor), (grid, factor, a, b), (grid, factor, b, a)} & ALIKE:
        return "alike"
    for sign, pair in (("+", (a, b)), ("-", (b, a))):
        if (grid, factor, *pair) in BETTER:
            return sign
    means = [MEANS.get((grid, factor, level)) for level in (a, b)]
    return f"{means[0] - means[1]:+.3f}" if means[0] is not None and means[1] is not None else ""
