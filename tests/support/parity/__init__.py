"""imgtool's DL rules beside hadolint: running both, and saying where they differ and why."""
