"""A program that exchanges a table for a trap, and back, as fast as it can."""

from __future__ import annotations

__all__ = ["SWAPPER"]

# Arguments: the kind of trap, the folder, the canary, how often. Each exchange is one step, so that
# the name of the table is never free.
SWAPPER = """
import ctypes, os, sys
kind, folder, canary, swaps = sys.argv[1:4] + [int(sys.argv[4])]
os.chdir(folder)
if kind in ("link", "folder"):
    os.symlink(canary, ".trap")
elif kind == "hard link":
    os.link(canary, ".trap")
else:
    os.mkfifo(".trap")
libc, here, exchange = ctypes.CDLL(None, use_errno=True), -100, 2
place = b"t" if kind == "folder" else b"t.csv"
for _ in range(swaps):
    if libc.renameat2(here, place, here, b".trap", exchange):
        raise OSError(ctypes.get_errno(), "renameat2")
"""
