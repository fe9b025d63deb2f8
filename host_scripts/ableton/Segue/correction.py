"""What the user corrects of the grid that was found, each correction on top of those before."""

from .trouble import Trouble


def corrected(step, grid):
    """The option `grid` after one more step; None where it is again as it was found. Raises Trouble.

    `step`: "later" is half a beat later, "double" and "half" are of the tempo, "3/4" is the metre. `grid`: what was
    marked on before, or None.
    """
    if grid and "points" in grid:
        raise Trouble("This is marked by the Arrangement's grid: change that one, or send mark first.")
    said = dict(grid or {})
    shift = said.pop("shift", 0.0)  # beats of the corrected tempo
    if step == "later":
        shift += 0.5
    elif step not in ("double", "half"):
        said["meter"] = step
    elif said.get("tempo") == step:
        raise Trouble("The tempo that was found is corrected so already: send mark to begin anew.")
    else:
        shift *= 2 if step == "double" else 0.5
        if said.pop("tempo", None) is None:
            said["tempo"] = step
    if shift:
        said["shift"] = shift
    return said or None
