"""The comments that silence findings: one module a dialect, each with ``read(document)``."""
