FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS builder

# runtime libraries, and what builds
RUN apt-get update && apt-get install -y --no-install-recommends \
      build-essential \
      libgomp1 \
      libsqlite3-0 \
      python3 \
      python3-dev \
      python3-pip \
      python3-setuptools \
      python3-wheel
RUN useradd --create-home app && mkdir -p /srv/data && chown app /srv/data

WORKDIR /srv
COPY --chown=app . .
RUN pip wheel -w /wheels/1/project --no-deps . \
 && pip wheel -w /wheels/1 /wheels/1/project/*.whl
RUN cp -r "$(python3 -c 'import pip; print(pip.__path__[0])')" /wheels/pip

FROM nvidia/cuda:12.4.1-base-ubuntu22.04
LABEL org.opencontainers.image.title="service"

# runtime libraries, and what builds
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates \
      libgomp1 \
      libsqlite3-0 \
      python3 \
      python3-setuptools \
      python3-wheel \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home app && mkdir -p /srv/data && chown app /srv/data

WORKDIR /srv
COPY --chown=app . .
RUN --mount=type=bind,from=builder,source=/wheels,target=/wheels \
    PYTHONPATH=/wheels python3 -m pip install --no-index --find-links=/wheels/1 /wheels/1/project/*.whl
COPY --chmod=755 entrypoint.sh /usr/local/bin/entrypoint.sh

USER app
VOLUME /srv/data
ENTRYPOINT ["entrypoint.sh"]
CMD ["service"]
