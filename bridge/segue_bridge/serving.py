"""What /segue/status says of the models: found out in a thread of its own, so that answering computes nothing."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from segue_bridge import model_store

INTERVAL = 1.0  # seconds between two looks at the model files

_log = logging.getLogger(__name__)


class Serving:
    """Which models serve, and on what; looked for again every second, since one may be learned or rolled back."""

    def __init__(self) -> None:
        self._facts: Mapping[str, Any] = {"models": {}, "provider": "loading"}
        self._stop = threading.Event()

    def __call__(self) -> Mapping[str, Any]:
        """What is known now."""
        return self._facts

    def start(self) -> None:
        """Load what the first job needs, and begin to look."""
        threading.Thread(target=self._run, name="models", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def _run(self) -> None:
        try:
            from segue_bridge import analysis, preview  # noqa: F401
        except Exception as fault:
            _log.warning("the analysis cannot be loaded: %s", fault)
        seen, said = None, set[str]()
        while True:
            stamps = model_store.stamps()
            if stamps != seen:
                seen = stamps
                left_out = dict(model_store.left_out())
                for sentence in {*left_out.values()} - said:
                    _log.warning("left out: %s", sentence)
                said = {*left_out.values()}
                self._facts = _facts({stored.name for stored in left_out} - {*model_store.SERVED})
            if self._stop.wait(INTERVAL):
                return


def _facts(left_out: set[str]) -> dict[str, Any]:
    """What is said of the models, those with these names left out."""
    try:
        names = {stored.name for stored in model_store.available()} - left_out
        told = {name: model_store.describe(name) for name in sorted(names)}
        return {"models": told, "provider": model_store.network().provider}
    except Exception as fault:
        _log.warning("the models cannot be loaded: %s", fault)
        return {"models": {}, "provider": f"none: {fault}"}
