import pytest

from segue_models import registry


def test_names_are_those_of_the_files_without_helpers():
    names = registry.names("segue_models.features")
    assert {"gammatone", "mel", "cqt"} <= set(names) and not any(name.startswith("_") for name in names)
    assert names == sorted(names)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no 'mfcc' among the features: take one of .*gammatone"):
        registry.load("segue_models.features", "mfcc")
    assert registry.load("segue_models.features", "gammatone").BANDS == 75
