import pytest

from segue_models.rendering import speakers


@pytest.fixture(scope="session")
def spoken():
    """The recordings of each speaker of the Debian packages."""
    try:
        return speakers.recordings()
    except FileNotFoundError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def analysed(spoken, tmp_path_factory):
    """(name, cache) of an actress; twelve seconds of her in cache/voices, enough to sing and quickly analysed."""
    name, cache = "fillets-cs-m", tmp_path_factory.mktemp("speakers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speakers, "_SECONDS", 12.0)
        speakers.voice(name, cache / "voices")
    return name, cache
