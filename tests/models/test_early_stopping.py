import pytest

from segue_models.training.early_stopping import EarlyStopping


@pytest.mark.parametrize(
    ("losses", "stops_after", "best"),
    [
        ([1, 0.99, 0.989, 0.988, 0.987, 0.986, 0.985], None, 0.985),
        ([1, 0.99, 0.989, 0.988, 0.987, 0.986, 0.9855], 7, 0.99),
        ([1, 0.996, 0.9955, 0.9951, 0.9950001, 0.99501, 0.9], 6, 1),
    ],
)
def test_vectors_of_the_specification(losses, stops_after, best):
    rule = EarlyStopping()
    stopped = None
    for epoch, loss in enumerate(losses, 1):
        rule.update(loss)
        if rule.stop:
            stopped = epoch
            break
    assert stopped == stops_after
    assert rule.best == best


def test_with_nothing_to_validate_on_the_last_epoch_is_the_best():
    rule = EarlyStopping(patience=2)
    assert all(rule.update(float("nan")) for _ in range(5)) and not rule.stop
