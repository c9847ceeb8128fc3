# The service in one image; the command says which part: serve, worker, migrate.
# Nothing is installed that requirements.txt does not pin by hash.

FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt

FROM python:3.11-slim-bookworm
# An account with a name: it owns nothing here and cannot sign in.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin referral
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE ./
COPY protocols ./protocols
COPY agencies ./agencies
COPY referral ./referral
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 REFERRAL_ENVIRONMENT=production
USER referral
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "referral"]
CMD ["serve"]
