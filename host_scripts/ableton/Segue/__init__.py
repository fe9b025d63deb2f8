"""Segue inside Ableton Live: a Remote Script, for Python 3.7 (Live 11) and 3.11 (Live 12), standard library alone."""


def create_instance(c_instance):
    """The control surface; Live calls this when the user chooses "Segue" in its settings."""
    from .surface import Segue  # only Live can import it

    return Segue(c_instance)
