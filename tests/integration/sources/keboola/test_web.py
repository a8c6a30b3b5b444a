"""What goes over the wire for a Keboola source, and what must not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from broker.errors import SourceError
from broker.sources.keboola.retry import PassingError
from broker.sources.keboola.web import Web
from rig.fakes.certificates import serving, write_certificate
from rig.fakes.proxy import Proxy

LINK = "/a%7Eb/c%2Fd?Expires=1&Signature=%2B%7E/+%3D"
ZIPPED = gzip.compress(b"rows")


class Handler(BaseHTTPRequestHandler):
    """Answers with compressed rows and a cookie, or sends elsewhere."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def do_GET(self) -> None:
        """Keep the request, and answer."""
        assert isinstance(self.server, Server)
        self.server.seen.append(
            (self.path, {key.lower(): self.headers[key] for key in self.headers})
        )
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Location", "/followed")
        self.send_header("Set-Cookie", "session=1; Path=/; Domain=127.0.0.1")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(ZIPPED)))
        self.end_headers()
        self.wfile.write(ZIPPED)


class Server(ThreadingHTTPServer):
    """``seen`` has path and headers of every request."""

    def __init__(self) -> None:
        """On a free port."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.address = f"127.0.0.1:{self.server_port}"


@contextmanager
def served(certificate: Path | None = None) -> Iterator[Server]:
    """A server until the end of ``with``."""
    server = Server()
    if certificate:
        server.socket = serving(certificate).wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as one:
        yield one


def ask(web: Web, url: str) -> bytes:
    return web.ask("GET", url, {}, where="table x").data


def fetch(web: Web, url: str) -> bytes:
    with web.open(url, {}, where="table x") as response:
        return b"".join(iter(lambda: response.read1(1024), b""))


def test_a_link_is_asked_for_as_it_was_signed(server: Server) -> None:
    assert fetch(Web(4), f"http://{server.address}{LINK}") == ZIPPED
    ((path, headers),) = server.seen
    assert path == LINK
    assert {*headers} == {"host", "accept-encoding", "user-agent"}


def test_an_answer_of_the_api_is_unpacked_and_no_redirect_is_followed(server: Server) -> None:
    response = Web(4).ask("GET", f"http://{server.address}/elsewhere", {}, where="table x")
    assert (response.status, response.data) == (302, b"rows")
    assert [path for path, _ in server.seen] == ["/elsewhere"]


def test_a_login_in_netrc_is_not_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login someone password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    web = Web(4)
    ask(web, f"http://{server.address}/")
    fetch(web, f"http://{server.address}/")
    assert ["authorization" in headers for _, headers in server.seen] == [False, False]


def test_a_cookie_of_one_server_is_not_sent_to_another(server: Server) -> None:
    web = Web(4)
    with served() as other:
        for _ in range(2):
            ask(web, f"http://{server.address}/")
            fetch(web, f"http://{other.address}/")
        seen = server.seen + other.seen
    assert ["cookie" in headers for _, headers in seen] == [False] * 4


@pytest.mark.parametrize("login", ["someone:", "someone", "some%40one:pass%3Aword"])
def test_a_proxy_may_want_any_login(
    server: Server, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    with Proxy(login.replace("%40", "@").replace("%3A", ":")) as proxy:
        monkeypatch.setenv("all_proxy", f"http://{login}@{proxy.address}")
        assert fetch(Web(4), f"http://{server.address}{LINK}") == ZIPPED
        assert proxy.seen == [("GET", f"http://{server.address}{LINK}")]
        monkeypatch.setenv("no_proxy", f"example.com,{server.address}")
        assert fetch(Web(4), f"http://{server.address}{LINK}") == ZIPPED
        assert len(proxy.seen) == 1


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_machine_says_who_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv(name, str(certificate))
    with served(certificate) as server:
        if name == "SSL_CERT_FILE":
            assert ask(Web(4), f"https://{server.address}/") == b"rows"
            return
        with pytest.raises(SourceError, match="certificate of the server cannot be trusted"):
            ask(Web(4), f"https://{server.address}/")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "nowhere.invalid"])
def test_an_error_shows_no_signature(address: str) -> None:
    with pytest.raises(PassingError) as caught:
        fetch(Web(4), f"http://{address}{LINK}")
    assert "Signature" not in str(caught.value)
