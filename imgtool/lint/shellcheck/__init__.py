"""ShellCheck's findings in the shell scripts of a Dockerfile.

``program`` finds the tool, ``dialect`` tells which shell runs a script, ``script`` takes the scripts out of a file and
knows the way back, ``run`` asks the tool about many scripts at once, ``findings`` makes findings of its remarks.
Scripts are read by ShellCheck, never executed.
"""

from __future__ import annotations
