"""Box plots of a grid: the test BCR of every level of every factor, the paper's means marked."""

from collections.abc import Sequence
from pathlib import Path

from segue_models import libraries
from segue_models.evaluation.grid import effects, published
from segue_models.evaluation.grid.effects import ROLES, TEST
from segue_models.evaluation.grid.records import Row


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """One PNG a grid, one panel a factor, a box for each level and role; returns the files. Raises OSError."""
    libraries.matplotlib()
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for grid in sorted({row.grid for row in rows}):
        some = [row for row in rows if row.grid == grid and row.figures and row.told["folds"] == "0"]
        factors = effects.levels(some)
        if not factors:
            continue
        figure = Figure(figsize=(2.4 * len(factors), 3.6), layout="constrained")
        panels = figure.subplots(1, len(factors), sharey=True, squeeze=False)[0]
        for panel, (factor, levels) in zip(panels, factors.items(), strict=True):
            _panel(panel, grid, factor, levels, effects.varying(some, factor))
        panels[0].set_ylabel("test BCR")
        figure.suptitle(f"{grid}: {len(some)} trainings; entry left, exit right; ◆ the paper's mean")
        out.append(folder / f"{grid}.png")
        figure.savefig(out[-1], dpi=110)
    return out


def _panel(panel, grid: str, factor: str, levels: Sequence[str], rows: Sequence[Row]) -> None:  # type: ignore[no-untyped-def]
    for side, (role, colour) in enumerate(zip(ROLES, ("#2a7f3f", "#b03030"), strict=True)):
        figures = [[r.figures[TEST] for r in rows if r.role == role and r.levels[factor] == v] for v in levels]
        at = [i + 0.4 * side - 0.2 for i in range(len(levels))]
        boxes = panel.boxplot(figures, positions=at, widths=0.32, manage_ticks=False, patch_artist=True)
        for box in boxes["boxes"]:
            box.set(facecolor=colour, alpha=0.5)
    for i, level in enumerate(levels):
        mean = published.MEANS.get((grid, factor, level))
        if mean is not None:
            panel.plot(i, mean, "D", color="black", markersize=5)
    panel.set_xticks(range(len(levels)), levels, fontsize=8)
    panel.axhline(0.5, color="grey", linewidth=0.8)
    panel.set_title(factor, fontsize=9)
