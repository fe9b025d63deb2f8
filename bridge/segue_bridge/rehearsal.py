"""A first run of a user's own network in its part, on a few seconds of noise, so that no job stumbles over it."""

import numpy as np

from segue_models.cuts import scoring
from segue_models.serving.inference import ModelError, Network
from segue_models.signal.gammatone import BANDS

RATE_HZ = 44100
SECONDS = (5.0, 3.0)  # of two lengths: a network may have been made for one alone
WRONG = (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError)  # what a misfit leads to


def rehearse(name: str, network: Network) -> None:
    """Raise ModelError where the network cannot play the part of that name; names without a part are all good."""
    part = {"cuts": _cuts, "beats": _beats, "sections": _sections}.get(name)
    if part is None:
        return
    try:
        for seconds in SECONDS:
            part(network, seconds)
    except ModelError:
        raise
    except WRONG as fault:
        card = network.card
        raise ModelError(f"the network {card.name} {card.version} does not fit as {name}: {fault}") from fault


def _cuts(network: Network, seconds: float) -> None:
    _expect(network, network.card.task == "cuts" and {"entry", "exit"} <= {*network.card.outputs}, "entry and exit")
    rows = round(seconds * 2 * network.card.cells_per_beat)
    cells = np.arange(0, rows, 5)
    heard = np.random.default_rng(0).normal(-4, 2, (rows, BANDS)).astype(np.float32)
    for scores in scoring.scores(network, heard, cells, cells % 2 == 0).values():
        _expect(network, bool(np.isfinite(scores).all()), "finite scores")


def _beats(network: Network, seconds: float) -> None:
    from segue_models.beats import tracking

    _expect(network, network.card.outputs == ("none", "beat", "downbeat"), "none, beat and downbeat")
    tracking.activations(_noise(seconds), network)


def _sections(network: Network, seconds: float) -> None:
    from segue_models.features import mel
    from segue_models.sections import segmentation

    _expect(network, "phrase" in network.card.outputs, "phrase")
    rows = len(mel.pooled(mel.spectrogram(_noise(seconds))))
    _expect(network, len(segmentation.curve(network, _noise(seconds))) == rows, f"one value for each of {rows} rows")


def _expect(network: Network, holds: bool, what: str) -> None:
    if not holds:
        card = network.card
        raise ModelError(f"the network {card.name} {card.version} of {card.task} does not tell {what}")


def _noise(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)
