"""Stands in the place of ssh on a laptop: hands its own input and output to the broker's end.

shell.py SOCKET HOST COMMAND...
"""

import array
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
    connection.connect(sys.argv[1])
    ends = array.array("i", [0, 1])
    connection.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, ends)])
    connection.sendall(" ".join(sys.argv[3:]).encode(errors="surrogateescape") + b"\0")
    code = connection.recv(1)
sys.exit(code[0] if code else 255)
