"""When to stop: validation loss has not fallen by half a per cent for five epochs (paper section 4.2; specs 1.7)."""

from dataclasses import dataclass
from math import isnan


@dataclass
class EarlyStopping:
    """Feed it one validation loss an epoch; `best` is the loss whose weights to keep.

    Where there is nothing to validate on, a loss of nan, the last epoch is the best.
    """

    patience: int = 5
    improvement: float = 0.005
    best: float = float("inf")
    waited: int = 0

    def update(self, loss: float) -> bool:
        """Take the loss of one more epoch; True when it is the best so far by the margin."""
        if isnan(loss):
            return True
        if loss < self.best * (1.0 - self.improvement) or self.best == float("inf"):
            self.best, self.waited = loss, 0
            return True
        self.waited += 1
        return False

    @property
    def stop(self) -> bool:
        """Whether training should end."""
        return self.waited >= self.patience
