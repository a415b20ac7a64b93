# The worker as an image: wheels by hash, no compiler, no root, nothing to write to.
#   make image                                    builds it and says how large it is
#   make image PYTHON_IMAGE=registry/python:3.11  on another base: Python 3.11 with venv, and glibc

ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# The tools that build stay here; what is copied on holds no pip.
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/channel-sync
COPY requirements/build.txt requirements/run.txt requirements/
RUN tools/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/build.txt \
 && tools/bin/pip --python /opt/channel-sync/bin/python install --quiet --require-hashes \
    --only-binary :all: -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && tools/bin/pip --python /opt/channel-sync/bin/python install --quiet --no-deps --no-index \
    dist/*.whl

FROM ${PYTHON_IMAGE} AS worker
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="channel-sync" \
      org.opencontainers.image.description="Applies reservations from Kafka to a hotel's PostgreSQL" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/channel-sync /opt/channel-sync
ENV PATH=/opt/channel-sync/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /
EXPOSE 8081
# The program itself is PID 1: what the supervisor sends reaches it, and it drains.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-m", "channel_sync.observe.probe"]
ENTRYPOINT ["python", "-m", "channel_sync"]
CMD ["run"]
