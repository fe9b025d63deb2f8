"""Signal, features, networks and corpora. Empty but for one line: importing a feature must not load torch."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read when ONNX Runtime is imported, also by torch: see `libraries`
