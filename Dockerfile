# docker build -t wgan_tf .                                 NVIDIA GPUs and gs:// folders
# docker build -t wgan_tf --build-arg EXTRAS= .             CPUs only
FROM python:3.11-slim
ARG EXTRAS=[gpu,gcs]
WORKDIR /app
COPY pyproject.toml README.md ./
COPY wgan_tf wgan_tf
RUN pip install --no-cache-dir ".${EXTRAS}"
COPY configs configs
ENV PYTHONUNBUFFERED=1
# A container is stopped by SIGTERM, which must reach Python and not a shell.
ENTRYPOINT ["python", "-m", "wgan_tf.main"]
