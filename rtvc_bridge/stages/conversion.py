"""What the converter writes and the loader expects: light, so that neither loads the other."""

CONVERSION_VERSION = 1
"""Rises whenever the names, shapes or values in the converted file change."""
