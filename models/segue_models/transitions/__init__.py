"""Which exit goes to which entry, and how the two are joined. No torch."""
