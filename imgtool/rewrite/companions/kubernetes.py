"""Kubernetes patches: a strategic merge for a Deployment, one for each accelerator.

``kubectl patch deployment NAME --patch-file FILE``, or kustomize's ``patches``. Labels and resources are those of
NVIDIA's GPU operator and of Ascend's device plug-in.
"""

from __future__ import annotations

import re

from imgtool.families.analogues import chip_of
from imgtool.rewrite.companions.product import Product

_NVIDIA = ("nvidia.com/gpu.present", "true", "nvidia.com/gpu")
_CHIP = "910b"
# longest name of a label, and so of a container (RFC 1123)
_MAX_NAME = 63


def patch(product: Product) -> str:
    """The patch of one image: where it runs, and one device of the resource that it asks for."""
    label, value, resource = _NVIDIA if product.target == "cuda" else _ascend(product)
    name = workload(product.tag)
    note = "" if product.target == "cuda" else _NOTE
    return f"""\
# one device for {name} on {product.target.upper()}: kubectl patch deployment {name} --patch-file THIS
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  template:
    spec:
      nodeSelector:
        {label}: "{value}"
{note}      containers:
        - name: {name}
          image: {product.tag}
          resources:
            limits:
              {resource}: "1"
"""


_NOTE = "        # of several kinds of servers, accelerator-type (module-910b-8, card-910b-2, …) picks one\n"


def _ascend(product: Product) -> tuple[str, str, str]:
    chip = chip_of(product.chip or _CHIP)
    if chip is None:
        raise ValueError(f"no resource is known for chip {product.chip}")
    return "accelerator", chip.accelerator, chip.resource


def workload(tag: str) -> str:
    """The name of a workload for an image: the last part of its repository as a DNS label."""
    last = tag.rpartition("/")[2].partition(":")[0]
    return re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:_MAX_NAME].rstrip("-") or "app"
