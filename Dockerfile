# The service in one image; the command says which part: serve, worker, migrate, log sequence, log sign.
# Nothing is installed that requirements.txt does not pin by hash.

FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt

FROM python:3.11-slim-bookworm
# An account with a name: it cannot sign in, and owns nothing here but the folder what the signer
# remembers is mounted at: a new volume takes its owner from there.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin referral \
    && install --directory --owner=referral --group=referral --mode=0700 /var/lib/referral
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
