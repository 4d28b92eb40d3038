"""Plans and their rendering: a Dockerfile in, a builder/runtime split out, or the reasons why not."""

from imgtool.rewrite.convert import Rewrite, rewrite

__all__ = ["Rewrite", "rewrite"]
