"""What a network learns: the file name is the recipe's `task`.

Every file has

- `feature(recipe)`: what a model's card says of the input, `LABEL`: what it says of the targets
- `outputs(recipe)`: names of the network's outputs
- `load(recipe, where, say)`: the examples of the recipe's corpora; each has `name`, `corpus`, `licence`, `voices`,
  `trainable`
- `normalisation(examples)`: mean and standard deviation of each input feature
- `batches(recipe, examples, norm, rng, vary)`: one epoch of (inputs, targets, weights), varied where it is for training
"""

from types import ModuleType

from segue_models import registry


def find(name: str) -> ModuleType:
    """The task of that name; raises ValueError for any other."""
    return registry.load(__name__, name)
