from __future__ import annotations

import pytest

from imgtool.families import BaseImage, identify
from imgtool.families.images import releases_of
from imgtool.families.life import life, successor
from imgtool.families.model import order


def known(text: str) -> BaseImage:
    base = identify(text)
    assert base is not None, text
    return base


@pytest.mark.parametrize(
    ("text", "status", "move_to"),
    [
        ("nvidia/cuda:12.4.1-devel-ubuntu22.04", "supported", None),
        ("nvidia/cuda:12.4.0-devel-ubuntu22.04", "superseded", "nvidia/cuda:12.4.1-devel-ubuntu22.04"),
        (
            "nvidia/cuda:12.1.0-cudnn8-devel-ubuntu22.04",
            "superseded",
            "nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04",
        ),
        ("nvcr.io/nvidia/cuda:13.1.0-base-ubi9", "superseded", "nvcr.io/nvidia/cuda:13.1.2-base-ubi9"),
        ("nvidia/cuda:12.8.1-cudnn-runtime-ubuntu22.04", "superseded", None),  # 12.8.2 has no cuDNN
        ("nvidia/cuda:13.0.0-base-rockylinux10", "superseded", None),  # no such system later
        (
            "nvidia/cuda:13.1.1-base-ubuntu22.04",
            "superseded",
            "nvidia/cuda:13.1.2-base-ubuntu22.04",
        ),  # in no list
        ("nvidia/cuda:11.5.1-base-ubuntu20.04", "superseded", "nvidia/cuda:11.5.2-base-ubuntu20.04"),
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04@sha256:" + "0" * 64, "superseded", None),  # pinned
        ("nvidia/cuda:11.3.1-devel-ubuntu20.04", "withdrawn", None),  # listed as unsupported, nothing newer
        ("nvidia/cuda:10.2-cudnn7-devel-ubuntu18.04", "withdrawn", None),
        ("nvidia/cuda:latest", "withdrawn", None),
        ("nvidia/cuda", "withdrawn", None),
        ("nvidia/cuda-ppc64le:8.0-devel-ubuntu16.04", "withdrawn", None),
        ("nvidia/cudagl:11.4.2-devel-ubuntu20.04", "withdrawn", None),
        ("debian:buster", "withdrawn", None),
        ("debian:11", "withdrawn", None),  # LTS ended in August of the data's year
        ("debian:bookworm-slim", "supported", None),
        ("ubuntu:18.04", "withdrawn", None),
        ("ubuntu:24.04", "supported", None),
        # nothing is said of these
        ("nvidia/cuda:13.3.1-devel-ubuntu24.04", "unknown", None),
        ("nvidia/cuda:12.5.2-devel-ubuntu22.04", "unknown", None),
        ("nvidia/cuda:12.7.0-devel-ubuntu22.04", "unknown", None),
        ("nvidia/cuda:11.2.2-devel-ubuntu20.04", "unknown", None),  # in both lists
        ("nvidia/cuda:12.4.1-devel-ubuntu24.04", "unknown", None),  # no such system for that version
        ("nvidia/cuda@sha256:" + "0" * 64, "unknown", None),
        ("quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.10", "unknown", None),
        ("python:3.5", "unknown", None),
        ("debian:sid", "unknown", None),
    ],
)
def test_life(text: str, status: str, move_to: str | None) -> None:
    found = life(known(text))
    assert (found.status, found.move_to) == (status, move_to)
    assert bool(found.why) == (status in ("superseded", "withdrawn"))
    assert found.source or status == "unknown"


def test_where_to_move_is_listed() -> None:
    for release in releases_of(known("nvidia/cuda:12.4.1-base-ubuntu22.04")):
        for os in release.os:
            move = life(known(f"nvidia/cuda:{release.version}-devel-{os}")).move_to
            assert move is None or known(move).known


@pytest.mark.parametrize(
    ("text", "move_to"),
    [
        ("debian:8", "debian:12"),  # the smallest step
        ("debian:buster-slim", "debian:12"),
        ("debian:11", "debian:12"),
        ("ubuntu:18.04", "ubuntu:22.04"),
        ("ubuntu:22.10", "ubuntu:24.04"),
        ("ubuntu:23.04", "ubuntu:24.04"),
        ("ubuntu:23.10", "ubuntu:24.04"),
        ("ubuntu:24.10", "ubuntu:26.04"),
        ("ubuntu:25.04", "ubuntu:26.04"),
        ("ubuntu:26.04", None),  # nothing newer
        ("ubuntu:oracular", None),  # not in the data
        ("ubuntu:latest", None),
        ("centos:7", None),
        ("alpine:3.10", None),
        ("python:3.5", None),
        ("nvidia/cuda:11.2.0-base-ubi8", "nvidia/cuda:11.8.0-base-ubi8"),
        ("nvidia/cuda:12.4.0-base-ubi7", None),  # 12.3.2 is the newest there
        ("nvidia/cuda:10.2-base-ubuntu18.04", None),  # another major
        ("nvidia/cuda:latest", None),
    ],
)
def test_successor(text: str, move_to: str | None) -> None:
    assert successor(known(text)) == move_to


def test_nothing_is_sent_to_something_older() -> None:
    cuda = known("nvidia/cuda:12.4.1-base-ubuntu22.04")
    texts = [
        f"nvidia/cuda:{r.version}-{f}-{os}"
        for r in releases_of(cuda)
        for os in r.os
        for f in ("base", "devel")
    ]
    for distribution in ("debian:12", "ubuntu:24.04"):
        family = distribution.partition(":")[0]
        texts += [f"{family}:{release.version}" for release in releases_of(known(distribution))]
    moves = [(base, life(base).move_to or successor(base)) for base in map(known, texts)]
    steps = [(order(base.version), order(known(move).version)) for base, move in moves if move]
    assert len(steps) > 20
    assert not [(old, new) for old, new in steps if old is None or new is None or new <= old]
