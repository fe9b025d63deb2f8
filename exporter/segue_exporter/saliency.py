"""What a network's answer hangs on: saliency maps by guided backpropagation (specs 1.11; Springenberg et al. 2015)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch  # for `segue explain`; nothing that serves imports this file
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Maps:
    """What speaks for the answer where there is more energy (positive), where less (negative), and either (absolute).

    Each has the input's shape and no negative numbers; absolute = positive + negative, and where one is the other is 0.
    """

    positive: F32
    negative: F32

    @property
    def absolute(self) -> F32:
        """How much each element of the input matters."""
        return self.positive + self.negative


class _Rectified(torch.autograd.Function):
    """A rectifier whose backward signal passes as ever, but only where it is positive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rectifier: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.rectifier = rectifier
        ctx.save_for_backward(x)
        return rectifier(x)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            (plain,) = torch.autograd.grad(ctx.rectifier(x), x, upstream[0].clamp(min=0.0))
        return plain, None


class Guided(TorchFunctionMode):
    """While it is active, gradients flow back through rectifiers as guided backpropagation has it.

    Through a ReLU passes δ·[x > 0]·[δ > 0]. An ELU lets some signal through where x < 0, and its own derivative says
    how much: δ·elu'(x)·[δ > 0]. Tangents and sigmoids are no rectifiers; through them, as through linear layers and
    poolings, gradients flow as ever.
    """

    RECTIFIERS = (
        torch.nn.functional.relu, torch.relu, torch.Tensor.relu, torch.nn.functional.elu,
    )  # fmt: skip

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Called by torch in place of every function."""
        if func in self.RECTIFIERS:
            settings = {k: v for k, v in (kwargs or {}).items() if k != "inplace"}
            rectified = _Rectified.apply
            return rectified(args[0], lambda x: func(x, *args[1:], **settings))  # type: ignore[no-untyped-call,unused-ignore]
        return func(*args, **(kwargs or {}))


def predicted(scores: Tensor) -> Tensor:
    """The score (n,) before the softmax of the larger class (n, classes); of a single log odds, its distance from 0."""
    return scores.abs()[:, 0] if scores.shape[1] == 1 else scores.amax(dim=1)


def classes(network: nn.Module, x: Tensor) -> Tensor:
    """Scores (n, 2) of the two softmax units of a paper's network, whose log odds are their difference.

    The difference would mix what speaks against the other class into the map (specs 1.11).
    """
    held: list[Tensor] = []
    hook = network.dense.register_forward_hook(lambda module, inputs, output: held.append(output))  # type: ignore[union-attr]
    try:
        network(x)
    finally:
        hook.remove()
    return held[0]


def gradient(score: Callable[[Tensor], Tensor], x: F32) -> F32:
    """Guided gradient of the sum of what `score` makes of `x`, in the shape of `x`."""
    inputs = torch.from_numpy(np.ascontiguousarray(x)).requires_grad_()
    with Guided():
        target = score(inputs).sum()
    (found,) = torch.autograd.grad(target, inputs)
    return np.asarray(found.numpy())


def beside(x: Tensor, normalised: F32, std: F32) -> Tensor:
    """The input (n, cells, 2 * bands) of a network that also hears a foreground, for other features `x` than it had.

    x: (n, cells, bands); normalised: (cells, 2 * bands) as it was; std: (2 * bands,) by which it was divided. What is
    louder stands out by as much, as long as what comes again behind it is as it was.
    """
    bands = x.shape[2]
    song, foreground = torch.from_numpy(normalised[:, :bands]), torch.from_numpy(normalised[:, bands:])
    louder = (x - song) * torch.from_numpy(std[:bands] / std[bands:])
    return torch.cat([x, foreground + louder], dim=2)


def maps(score: Callable[[Tensor], Tensor], x: F32) -> Maps:
    """Saliency maps of `score`, a network in evaluation mode or a part of what it says, for the input `x`."""
    g = gradient(score, x)
    return Maps(np.maximum(g, 0.0), -np.minimum(g, 0.0))
