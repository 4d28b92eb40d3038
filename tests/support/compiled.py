"""A program that is compiled where it is shipped, for tests that build it: the first steps are built once for all."""

DOCKERFILE = """\
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY run.cpp .
RUN g++ -o /usr/local/bin/run run.cpp -ldl
CMD ["run"]
"""
