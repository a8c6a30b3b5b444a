"""A mail server over a real socket: enough of SMTP for a client that sends one message."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from contextlib import ExitStack
from pathlib import Path

from rig.fakes.certificates import serving


class Mailbox:
    """Takes what it is sent. ``refuses`` are verbs that it answers with an error."""

    def __init__(
        self,
        certificate: Path | None = None,
        *,
        security: str = "none",
        login: tuple[str, str] | None = None,
        refuses: tuple[str, ...] = (),
    ) -> None:
        self.messages: list[str] = []
        self.verbs: list[str] = []
        self.arrived = threading.Semaphore(0)
        self.finished = threading.Semaphore(0)
        self._context = serving(certificate) if certificate else None
        self._security, self._login, self._refuses = security, login, refuses
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            try:
                self._talk(connection)
            except (OSError, ssl.SSLError):
                pass
            finally:
                connection.close()
                self.finished.release()

    def _talk(self, connection: socket.socket) -> None:
        with ExitStack() as left:
            self._converse(connection, left)

    def _converse(self, connection: socket.socket, left: ExitStack) -> None:
        if self._security == "tls":
            connection = self._encrypted(connection, left)
        lines = left.enter_context(connection.makefile("rb"))
        send = lambda text: connection.sendall(f"{text}\r\n".encode())  # noqa: E731
        send("220 here")
        while line := lines.readline().decode().strip():
            verb = line.split()[0].upper()
            self.verbs.append(verb)
            if verb in self._refuses:
                send("550 no: hunter2")
            elif verb == "EHLO":
                more = "250-STARTTLS\r\n" if self._security == "starttls" else ""
                send(f"250-here\r\n{more}250 AUTH PLAIN")
            elif verb == "STARTTLS":
                send("220 go on")
                connection = self._encrypted(connection, left)
                lines = left.enter_context(connection.makefile("rb"))
            elif verb == "AUTH":
                given = base64.b64decode(line.split()[-1]).decode().split("\0")[1:]
                is_right = self._login is not None and given == [*self._login]
                send("235 welcome" if is_right else "535 no: hunter2")
            elif verb == "DATA":
                send("354 go on")
                content = []
                while (part := lines.readline().decode()) != ".\r\n":
                    content.append(part)
                self.messages.append("".join(content))
                self.arrived.release()
                send("250 taken")
            elif verb == "QUIT":
                send("221 bye")
                return
            else:
                send("250 fine")

    def _encrypted(self, connection: socket.socket, left: ExitStack) -> socket.socket:
        assert self._context is not None
        return left.enter_context(self._context.wrap_socket(connection, server_side=True))
