# a prediction service without an extension of its own
ARG CUDA=12.1.0
FROM nvidia/cuda:${CUDA}-devel-ubuntu22.04 AS builder

ENV PYTHONUNBUFFERED=1
RUN apt-get update \
    # git is for humans who look inside
    && apt-get install -y git python3-pip \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv
COPY requirements.txt ./
RUN pip3 install --no-cache-dir --upgrade pip && \
    pip3 wheel -w /wheels/1 --no-cache-dir -r requirements.txt
RUN cp -r "$(python3 -c 'import pip; print(pip.__path__[0])')" /wheels/pip

FROM nvidia/cuda:${CUDA}-base-ubuntu22.04

ENV PYTHONUNBUFFERED=1
RUN apt-get update \
    # git is for humans who look inside
    && apt-get install -y git ca-certificates python3 python3-setuptools \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv
COPY requirements.txt ./
RUN --mount=type=bind,from=builder,source=/wheels,target=/wheels \
    PYTHONPATH=/wheels python3 -m pip install --no-index --find-links=/wheels/1 --no-cache-dir -r requirements.txt

COPY predict.py ./
EXPOSE 8000
ENTRYPOINT ["python3", "predict.py"]
CMD ["--once"]
