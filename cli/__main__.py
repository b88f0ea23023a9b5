"""``python -m cli`` is ``cxloop``."""

from cli.main import app

if __name__ == "__main__":
    app(prog_name="cxloop")
