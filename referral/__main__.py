"""``python -m referral``: the command line, under the name the container starts it by."""

from referral.cli import app

if __name__ == "__main__":
    app(prog_name="referral")
