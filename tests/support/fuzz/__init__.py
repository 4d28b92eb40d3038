"""Files that nobody writes, and what imgtool promises for them."""
