"""Bytes to revisions: one module per format, the scrubbing of card data before all."""
