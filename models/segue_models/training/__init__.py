"""Training: examples from corpora, batches, the one training loop."""
