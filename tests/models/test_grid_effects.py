import numpy as np
import pandas
import pytest
import scipy.stats
from statsmodels.formula.api import ols
from statsmodels.stats.multitest import multipletests

from segue_models.evaluation.grid import effects
from segue_models.training.grid import balanced, configurations
from test_grid_configurations import read
from test_grid_records import record, rows

EFFECTS = {"feature": {"gammatone": 0.05, "cqt": 0.02}, "pooled": {"1": 0.01}, "cells_per_beat": {"8": 0.01, "4": 0.01}}


def trained(folder, experiment, noise=0.01, part=None, known=EFFECTS):
    """Rows of a whole experiment (or a balanced part) whose figures have known effects."""
    rng = np.random.default_rng(experiment)
    chosen = balanced.balanced(read(experiment), part, 1) if part else read(experiment)
    records = []
    for c in chosen:
        truth = 0.6 + sum(known.get(f, {}).get(level, 0.0) for f, level in c.levels.items())
        records.append(record(c, *(truth + rng.normal(0, noise, 2))))
    return rows(records, folder)


def of_role(found, role="exit"):
    return [row for row in found if row.role == role]


@pytest.mark.long
@pytest.mark.parametrize(
    ("experiment", "published"),
    [
        (1, {"feature": [32] * 3, "window_s": [48], "pooled": [48], "filters": [48], "shape": [48], "pool": [48]}),
        (2, {"feature": [48], "window_s": [48], "pooled": [48], "window_beats": [36], "cells_per_beat": [24] * 3,
             "filters": [84], "pool": [84], "shape": [56] * 3}),
        (3, {"feature": [4], "window_s": [4], "pooled": [4], "window_beats": [3], "cells_per_beat": [2] * 3}),
    ],
)  # fmt: skip
def test_a_whole_experiment_has_the_pairs_of_the_specification_for_each_role(tmp_path, experiment, published):
    found = trained(tmp_path, experiment)
    for some, times in ((of_role(found), 1), (found, 2)):
        counts = {f: [t.n for t in effects.compare(some, f)] for f in effects.levels(some)}
        assert counts == {f: [times * n for n in each] for f, each in published.items()}


def test_wilcoxon_is_the_specifications_example_and_scipys():
    gaps = [0.01, 0.02, -0.005, 0.03, 0.04, 0.045, 0.055, -0.025]
    found = effects.signed_rank("x", "a", "b", [(0.6 + g, 0.6) for g in gaps])
    assert (found.n, found.w, found.p) == (8, 5, pytest.approx(0.078125))
    assert found.median == pytest.approx(np.median(gaps))
    for n, least in ((5, 0.0625), (6, 0.03125)):
        assert effects.signed_rank("x", "a", "b", [(0.6 + i / 100, 0.5) for i in range(n)]).p == least
    nothing = effects.signed_rank("x", "a", "b", [(0.6, 0.6)] * 4)
    assert nothing.n == 4 and np.isnan(nothing.p)
    assert effects.signed_rank("x", "a", "b", []).n == 0


@pytest.mark.long
def test_every_two_levels_are_corrected_after_holm(tmp_path):
    found = trained(tmp_path, 1, noise=0.03)
    tests = effects.compare(of_role(found), "feature")
    assert [(t.a, t.b) for t in tests] == [("cqt", "gammatone"), ("cqt", "handcrafted"), ("gammatone", "handcrafted")]
    by = {tuple(sorted(row.levels.items())): row.figures["test_bcr"] for row in of_role(found)}
    ps = []
    for a, b in ((t.a, t.b) for t in tests):
        alike = [(key, dict(key)) for key in by if dict(key)["feature"] == a]
        gaps = [by[key] - by[tuple(sorted({**levels, "feature": b}.items()))] for key, levels in alike]
        ps.append(scipy.stats.wilcoxon(gaps).pvalue)
    assert [t.p for t in tests] == pytest.approx(ps)
    assert [t.holm for t in tests] == pytest.approx(multipletests(ps, method="holm")[1])
    assert tests[1].holm >= tests[1].p and tests[0].median < 0 < tests[2].median


def test_least_squares_of_a_part_is_that_of_a_formula_and_finds_the_truth(tmp_path):
    found = trained(tmp_path, 1, part=30)
    table = pandas.DataFrame([{**row.levels, "role": row.role, "bcr": row.figures["test_bcr"]} for row in found])
    fitted = ols("bcr ~ C(feature) + window_s + pooled + filters + shape + pool + role", table).fit()
    contrast = fitted.t_test("-C(feature)[T.gammatone] = 0")
    low, high = contrast.conf_int()[0]
    effect, half = effects.adjusted(found, "feature", "cqt", "gammatone")
    assert effect == pytest.approx(float(contrast.effect[0])) and half == pytest.approx((high - low) / 2)
    assert effect == pytest.approx(-0.03, abs=half + 0.005)
    assert np.isnan(effects.adjusted(found[:3], "feature", "cqt", "gammatone")[0])


@pytest.mark.long
def test_least_squares_covers_designs_with_factors_of_their_own(tmp_path):
    found = trained(tmp_path, 2, part=40, noise=0.005)
    for factor, a, b, truth in (
        ("cells_per_beat", "2", "8", -0.01), ("feature", "cqt", "gammatone", -0.03), ("pooled", "1", "2", 0.01),
        ("shape", "3-9", "9-3", 0.0),
    ):  # fmt: skip
        effect, half = effects.adjusted(found, factor, a, b)
        assert 0 < half < 0.01 and effect == pytest.approx(truth, abs=2 * half)


def test_means_of_the_paper_give_its_overall_mean(tmp_path):
    """48 CQT, 48 absolute and 72 beat-aligned gammatone trainings a role, of the published means: 0.656 (specs 1.9)."""
    records = []
    for c in read(2):
        base = 0.657 if "window_beats" in c.levels else {"cqt": 0.653, "gammatone": 0.658}[c.levels["feature"]]
        records.append(record(c, test=base))
    found = rows(records, tmp_path)
    assert round(effects.mean(found), 3) == 0.656
    varied = effects.varying(found, "feature")
    of = {level: [r for r in varied if r.levels["feature"] == level] for level in ("cqt", "gammatone")}
    assert {level: (len(some), round(effects.mean(some), 3)) for level, some in of.items()} == {
        "cqt": (96, 0.653),
        "gammatone": (96, 0.658),
    }
    assert len(effects.varying(found, "pool")) == 336


def test_best_of_compares_twelve_networks_a_role(tmp_path):
    chosen = [c for c in read(2) if c.levels["feature"] == "gammatone"]
    rng = np.random.default_rng(1)
    figures = {c.key: rng.uniform(0.5, 0.7, 2) for c in chosen}
    found = rows([record(c, *figures[c.key]) for c in chosen], tmp_path)
    for choose, column in ((effects.TEST, 1), (effects.VALIDATION, 0)):
        best = {}
        for c in chosen:
            network = (c.role, c.levels["filters"], c.levels["shape"], c.levels["pool"], "window_s" in c.levels)
            best[network] = max(best.get(network, (0, 0)), (figures[c.key][column], figures[c.key][1]))
        absolute = [best[network][1] for network in sorted(best) if network[-1]]
        beats = [best[network][1] for network in sorted(best) if not network[-1]]
        test, *means = effects.best_of(found, choose)
        assert test.n == 24 and means == pytest.approx([np.mean(absolute), np.mean(beats)])
        assert test.p == pytest.approx(scipy.stats.wilcoxon(np.array(absolute) - np.array(beats)).pvalue)
    assert effects.best_of(of_role(found))[0].n == 12


def test_folds_are_a_mean_and_the_standard_deviation_of_the_sample(tmp_path):
    folds = configurations.scaled(read(2)[:1], 0, 0, 10)
    found = rows([record(c, test=0.6 + i / 100) for i, c in enumerate(folds)], tmp_path)
    ((row, count, mean, deviation),) = effects.folds(found)
    assert (row.role, count) == ("entry", 10)
    assert (mean, deviation) == (pytest.approx(0.645), pytest.approx(np.std(np.arange(10) / 100, ddof=1)))
