"""One image for both accelerators: the CUDA image with the CANN image's toolkit and Python beside it.

The entrypoint looks for device nodes, which the container runtime adds. The toolkits' folders tell nothing: in this
image they are always there. It is larger than both images together need to be, and every pull pays for both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from imgtool.values import dataclass

FILE = "Dockerfile.fat"
TARGET = "fat"
_ENTRYPOINT = "/usr/local/bin/accelerator-entrypoint"

WARNING = (
    "the fat image holds the software of both accelerators, and every node pulls both: build it only where one image"
    " name must serve both kinds of nodes"
)

_SCRIPT = """\
#!/bin/bash
# The device nodes decide; ACCELERATOR=cuda or cann overrules them. The toolkits' folders are always here.
set -e
if [ -z "$ACCELERATOR" ]; then
  if [ -e /dev/nvidiactl ] && [ -e /dev/davinci_manager ]; then
    echo "both /dev/nvidiactl and /dev/davinci_manager are here: set ACCELERATOR to cuda or cann" >&2
    exit 1
  elif [ -e /dev/nvidiactl ]; then
    ACCELERATOR=cuda
  elif [ -e /dev/davinci_manager ]; then
    ACCELERATOR=cann
  else
    echo "neither /dev/nvidiactl nor /dev/davinci_manager is here: start the container with a device" >&2
    exit 1
  fi
fi
export ACCELERATOR
case "$ACCELERATOR" in
cuda) ;;
cann)
  driver=/usr/local/Ascend/driver/lib64
  export LD_LIBRARY_PATH="$driver:$driver/common:$driver/driver${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export PATH="/usr/local/python3/bin:$PATH"
  for script in /usr/local/Ascend/ascend-toolkit/set_env.sh /usr/local/Ascend/nnal/atb/set_env.sh; do
    if [ -e "$script" ]; then source "$script"; fi
  done
  ;;
*)
  echo "ACCELERATOR is $ACCELERATOR: neither cuda nor cann" >&2
  exit 1
  ;;
esac
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Start:
    """How the application's image starts: ENTRYPOINT and CMD, both as lists of words."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def fat(start: Start, packages: Sequence[str]) -> str:
    """``Dockerfile.fat``, which stands on the images of the named contexts ``cuda`` and ``cann``.

    ``packages`` are what the CANN image's Python and toolkit take from Ubuntu.
    """
    return f"""\
# One image for CUDA and CANN; {WARNING}.
# docker buildx bake {TARGET}
FROM cuda

RUN apt-get update \\
 && apt-get install -y --no-install-recommends {" ".join(packages)} \\
 && rm -rf /var/lib/apt/lists/*

RUN --mount=type=bind,from=cann,target=/cann \\
    cp -a /cann/usr/local/Ascend /cann/usr/local/python3.* /usr/local/ \\
 && cp -a /cann/etc/Ascend /etc/ \\
 && ln -s /usr/local/python3.* /usr/local/python3

COPY --chmod=755 <<'SCRIPT' {_ENTRYPOINT}
{_SCRIPT}SCRIPT

ENTRYPOINT {json.dumps([_ENTRYPOINT, *start.entrypoint])}
CMD {json.dumps(list(start.command))}
"""
