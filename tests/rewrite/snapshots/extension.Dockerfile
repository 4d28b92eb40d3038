FROM nvidia/cuda:12.1.0-devel-ubuntu22.04 AS builder

RUN apt-get update && apt-get install -y g++ python3-pip

WORKDIR /app
COPY requirements.txt .
RUN pip wheel -w /wheels/1 -r requirements.txt \
 && pip install --no-index --find-links=/wheels/1 -r requirements.txt

# the application and its C++ extension
COPY . .
RUN python3 -m pip wheel --no-build-isolation --no-deps -w /wheels/2/project . \
 && ls /wheels/1/*.whl | sed 's,.*/,,; s,-,==,; s,-.*,,; /^setuptools=/d; /^wheel=/d' > /wheels/made \
 && python3 -m pip wheel -w /wheels/2 -c /wheels/made --find-links=/wheels/1 /wheels/2/project/*.whl
RUN cp -r "$(python3 -c 'import pip; print(pip.__path__[0])')" /wheels/pip

FROM nvidia/cuda:12.1.0-base-ubuntu22.04

RUN apt-get update && apt-get install -y libgomp1 ca-certificates python3 python3-setuptools \
 && apt-get clean && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt .
RUN --mount=type=bind,from=builder,source=/wheels,target=/wheels \
    PYTHONPATH=/wheels python3 -m pip install --no-index --find-links=/wheels/1 -r requirements.txt

# the application and its C++ extension
COPY . .
RUN --mount=type=bind,from=builder,source=/wheels,target=/wheels \
    PYTHONPATH=/wheels python3 -m pip install --no-index --find-links=/wheels/1 --find-links=/wheels/2 /wheels/2/project/*.whl

CMD ["python3", "main.py"]
