"""imgtool: lint, rewrite and measure container images for GPUs and NPUs."""

__version__ = "0.2.0"
