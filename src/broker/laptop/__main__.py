"""``python -m broker.laptop``."""

from .program import main

main()
