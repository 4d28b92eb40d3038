"""What is written beside a rewritten Dockerfile, when asked for: pure functions, values in and text out."""
