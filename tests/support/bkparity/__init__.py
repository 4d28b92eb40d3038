"""BuildKit's checks and imgtool's BK rules over the same files."""
