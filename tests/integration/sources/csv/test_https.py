"""Tables on a web server, over TLS."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from broker.errors import AbsentError, ConfigError, ForbiddenError, SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from rig.fakes.certificates import serving, write_certificate
from rig.fakes.proxy import Proxy

pytest.importorskip("aiohttp", reason="the extra 'remote' is not installed")

ROWS = "".join(f"{number},name {number}\n" for number in range(100_000))


class Handler(SimpleHTTPRequestHandler):
    """Serves files; a name says in which way it goes wrong."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def do_HEAD(self) -> None:
        """Answer as to GET, without a body."""
        if not self._went_wrong():
            super().do_HEAD()

    def do_GET(self) -> None:
        """Serve the file, or the first line of one that is cut off."""
        if not self._went_wrong():
            super().do_GET()

    def _went_wrong(self) -> bool:
        for word, status in (("locked", 403), ("broken", 500)):
            if word in self.path:
                self.send_error(status)
                return True
        if "cut" not in self.path:
            return False
        self.send_response(200)
        how = "" if self.command == "HEAD" else self.path
        name, value = "Content-Length", "1000000"
        if "chunks" in how:
            name, value = "Transfer-Encoding", "chunked"
        elif "close" in how:
            name, value = "Connection", "close"
        self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            row = b"id,name\n1,x\n"
            self.wfile.write(b"c\r\n%b\r\n0\r\n\r\n" % row if "chunks" in how else row)
            self.close_connection = True
        return True


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def server(tmp_path: Path, certificate: Path) -> Iterator[str]:
    """The address of a web server over ``tmp_path``."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    httpd.socket = serving(certificate).wrap_socket(httpd.socket, server_side=True)
    thread = Thread(target=httpd.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def source(server: str, certificate: Path) -> CsvSource:
    context = ssl.create_default_context(cafile=certificate)
    return CsvSource({"path": server, "storage": {"ssl": context}}, Path())


def test_a_table_is_read_whole(tmp_path: Path, source: CsvSource) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b"id,name\n" + ROWS.encode()))
    reading = source.read(TableRequest("shop.orders"), Window())
    assert sum(batch.num_rows for batch in reading.batches()) == 100_000
    end = reading.end()
    assert end.rows == 100_000
    assert end.as_of == datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def test_file_may_be_a_url(tmp_path: Path, source: CsvSource, server: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/x.csv").write_text("id\n1\n")
    for file in ("sub/x.csv", f"{server}/sub/x.csv", f"{server}/sub/x.csv?token=abc"):
        assert source.describe(TableRequest("t", options={"file": file})).schema.names == ("id",)


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("gone", AbsentError, r"table gone has no file; expected gone\.csv or gone\.csv\.gz or"),
        ("locked", ForbiddenError, r"locked\.csv: may not be read; found ClientResponseError 403"),
        ("broken", SourceError, r"broken\.csv: did not answer, or not completely; found \w+ 500"),
    ],
)
def test_absent_forbidden_and_broken_are_three_things(
    source: CsvSource, name: str, kind: type[SourceError], sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence) as error:
        source.describe(TableRequest(name))
    assert type(error.value) is kind


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("cut.csv", r"cut\.csv: did not answer, or not completely"),
        ("cut_in_chunks.csv", r"broke off before its end; expected 1,000,000 .* found 12 bytes"),
        ("cut_by_close.csv", r"broke off before its end; expected 1,000,000 .* found 12 bytes"),
    ],
)
def test_a_transfer_that_is_cut_off_is_no_shorter_table(
    source: CsvSource, file: str, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence):
        list(source.read(TableRequest("t", options={"file": file}), Window()).batches())


def test_a_file_that_changes_meanwhile(tmp_path: Path, source: CsvSource) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id\n1\n")
    batches = source.read(TableRequest("t"), Window()).batches()
    next(batches)
    path.write_text("id\n1\n2\n")
    with pytest.raises(SourceError, match="changed while it was being read"):
        list(batches)


def test_a_proxy_of_the_environment_is_used(
    tmp_path: Path, source: CsvSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text("id\n1\n")
    with Proxy() as proxy:
        monkeypatch.setenv("https_proxy", f"http://{proxy.address}")
        assert source.describe(TableRequest("t")).schema.names == ("id",)
    assert {method for method, _ in proxy.seen} == {"CONNECT"}


def test_an_untrusted_server_is_not_read(tmp_path: Path, server: str) -> None:
    (tmp_path / "t.csv").write_text("id\n1\n")
    with pytest.raises(SourceError, match=r"did not answer.*Certificate"):
        CsvSource({"path": server}, Path()).describe(TableRequest("t"))


def test_a_web_server_has_no_list(source: CsvSource) -> None:
    with pytest.raises(ConfigError, match="does not list its tables"):
        list(source.discover())


def test_a_signature_is_not_shown(source: CsvSource, server: str) -> None:
    url = server.replace("https://", "https://user:pass@") + "/gone.csv?signature=abc"
    with pytest.raises(SourceError) as error:
        source.describe(TableRequest("t", options={"file": url}))
    assert not any(secret in str(error.value) for secret in ("abc", "pass"))
