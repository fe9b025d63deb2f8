"""JSON for programs: the contract of `segue mark --format json`."""

from segue_bridge.result import Analysis

SUFFIX = ".json"


def render(analysis: Analysis) -> bytes:
    """The whole analysis as one JSON object, in UTF-8."""
    return (analysis.to_json() + "\n").encode()
