# Sweeps in a container, from the lock file; nothing else needs it.
#   docker build -t cvae-sweeps:cuda .                          a GPU by `docker run --gpus all`, no CUDA image needed
#   docker build -t cvae-sweeps:cpu --build-arg TORCH=cpu .     a tenth of the size
#   docker run --rm -v "$PWD/runs:/work/runs" cvae-sweeps:cpu cvae-sweep quickstart --runs runs
FROM python:3.11-slim

ARG TORCH=cuda

WORKDIR /opt/cvae-sweeps
COPY requirements.txt requirements.lock requirements-without-torch.lock ./
RUN if [ "$TORCH" = cpu ]; then \
        pip install --no-cache-dir --require-hashes --no-deps -r requirements-without-torch.lock && \
        pip install --no-cache-dir $(grep -E '^torch(vision)?==' requirements.txt) \
            --index-url https://download.pytorch.org/whl/cpu --extra-index-url https://pypi.org/simple; \
    elif [ "$TORCH" = cuda ]; then \
        pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock; \
    else \
        echo "TORCH is '$TORCH'; allowed: cuda, cpu" >&2; exit 2; \
    fi
COPY . .
RUN pip install --no-cache-dir --no-deps .

WORKDIR /work
CMD ["cvae-sweep", "--help"]
