FROM ascendai/cann:8.0.0-910b-ubuntu22.04-py3.11 AS builder

RUN apt-get update && \
    apt-get install -y build-essential python3-dev
WORKDIR /app
COPY requirements.txt .
RUN pip wheel -w /wheels/1 -r requirements.txt

FROM ascendai/cann:8.0.0-910b-ubuntu22.04-py3.11

RUN apt-get update && \
    apt-get install -y libgomp1 python3 \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=bind,from=builder,source=/wheels,target=/wheels \
    pip install --no-index --find-links=/wheels/1 -r requirements.txt
COPY . .
CMD ["python3", "main.py"]
