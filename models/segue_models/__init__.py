"""Signal, features, networks and corpora. Empty on purpose: importing a feature must not load torch."""
