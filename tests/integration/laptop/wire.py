"""Stands in the place of ssh: runs the remote command here, over the same pipes.

wire.py FOLDER EVENT_FILE …ssh's arguments… broker COMMAND

``EVENT_FILE`` is JSON: after ``bytes`` of a generation's transfer, ``move`` links are pointed
elsewhere, a folder is ``gone`` or the connection is ``cut``; ``times`` says how often. With
``forced`` the command goes to the program that sshd forces on an analyst.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

FORCED = "from broker.transport import main; main()"


def main(folder: str, event_file: str, *arguments: str) -> int:
    command = arguments[arguments.index("broker") + 1 :]
    words = " ".join(command)
    event = json.loads(Path(event_file).read_text())
    is_tree = "server/generation/" in words and "server/scripts/" not in words
    environment = dict(os.environ)
    if event.get("forced"):
        environment |= {"SSH_ORIGINAL_COMMAND": words, "HOME": folder, "USER": "anna"}
        command = (sys.executable, "-c", FORCED)
    os.set_blocking(1, True)  # rsync's own end of the pipe made it non-blocking
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        left = event["bytes"] if is_tree and event["times"] > 0 else -1
        while piece := os.read(server.stdout.fileno(), left if 0 < left < 65536 else 65536):
            write(piece)
            left = left - len(piece) if left > 0 else left
            if left == 0:
                left = -1
                Path(event_file).write_text(json.dumps({**event, "times": event["times"] - 1}))
                if event.get("cut"):
                    server.kill()
                    return 255
                for link, target in event.get("move", {}).items():
                    Path(link).unlink()
                    Path(link).symlink_to(target)
                if "gone" in event:
                    shutil.rmtree(event["gone"])
    return server.returncode


def write(piece: bytes) -> None:
    while piece:
        piece = piece[os.write(1, piece) :]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
