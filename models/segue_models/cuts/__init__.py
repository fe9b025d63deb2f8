"""Exits and entries: the time base of their network, its scores, and which of them are shown. No torch."""
