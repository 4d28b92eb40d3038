from __future__ import annotations

from imgtool.rewrite import rewrite
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.plan import Status

_FILE = b"""\
FROM nvidia/cuda:12.4.1-devel-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN echo 'int main() { return 0; }' > main.cpp && g++ -o /usr/local/bin/run main.cpp
CMD ["run"]
"""


def test_a_flavour_that_was_enough_is_taken() -> None:
    made = rewrite(_FILE, choices=Choices(flavour="base"))
    assert made.plan.status is Status.CONVERTED
    assert b"FROM nvidia/cuda:12.4.1-base-ubuntu22.04\n" in made.data
    assert b"FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n" in rewrite(_FILE).data


def test_a_flavour_that_the_family_has_not_is_passed_over() -> None:
    assert rewrite(_FILE, choices=Choices(flavour="tiny")).data == rewrite(_FILE).data


def test_packages_are_installed_in_the_final_stage() -> None:
    made = rewrite(_FILE, choices=Choices(extra_packages=("libgomp1", "ffmpeg")))
    assert made.plan.status is Status.CONVERTED
    final = made.data[made.data.rindex(b"FROM ") :]
    assert final.startswith(
        b"FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"
        b"RUN apt-get update \\\n"
        b" && apt-get install -y --no-install-recommends libgomp1 ffmpeg \\\n"
        b" && rm -rf /var/lib/apt/lists/*\n"
    )
