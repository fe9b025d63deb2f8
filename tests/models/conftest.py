"""Where the public data sets lie: $SEGUE_DATA, else beside the repository."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the data sets; without it a test fails on CI and is skipped elsewhere."""
    root = Path(os.environ.get("SEGUE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    if not (root / "pop909").is_dir():
        reason = f"the data sets are not at {root}; set SEGUE_DATA"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return root
