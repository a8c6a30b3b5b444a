"""``python -m broker``: the same program as ``broker``."""

from .cli import main

main()
