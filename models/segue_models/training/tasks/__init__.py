"""What a network learns: the file name is the recipe's `task`.

Every file has

- `feature(recipe)`: what a model's card says of the input, `LABEL`: what it says of the targets
- `outputs(recipe)`: names of the network's outputs
- `load(recipe, where, say)`: the examples of the recipe's corpora; each has `name`, `corpus`, `licence`, `voices`,
  `trainable`
- `normalisation(examples)`: mean and standard deviation of each input feature
- `batches(recipe, examples, norm, rng, vary)`: one epoch of (inputs, targets, weights), varied where it is for training
"""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def find(name: str) -> ModuleType:
    """The task of that name; raises ValueError for any other."""
    if not name.isidentifier() or find_spec(f"{__name__}.{name}") is None:
        raise ValueError(f"there is no task {name!r}: tasks are the files in segue_models/training/tasks")
    return import_module(f"{__name__}.{name}")
