from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.config import Instance
from broker.errors import ConfigError
from broker.portal.look.files import browser_files, logo_of

from ..browsing import signed_in_app

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return signed_in_app(tmp_path)


def named(client: FlaskClient) -> list[str]:
    """The files that a page asks for."""
    return re.findall(r'(?:href|src)="(/(?:static|brand)/[^"]+)"', client.get("/nothing").text)


def test_what_a_page_names_is_there_and_may_be_kept(client: FlaskClient) -> None:
    addresses = named(client)
    assert len(addresses) == 4
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in answer.headers
        assert re.search(r"\.[0-9a-f]{12}\.(css|js|svg)$", address)


def test_a_file_that_a_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    address = named(client)[0]
    etag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "address",
    ["/static/portal.css", "/static/portal.000000000000.css", "/static/..%2fapp.py", "/brand/x"],
)
def test_nothing_else_is_served(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_another_content_has_another_name(tmp_path: Path) -> None:
    names = set()
    for content in (SVG, SVG + b" "):
        (tmp_path / "logo.svg").write_bytes(content)
        names.add(browser_files(Instance(), tmp_path / "logo.svg").address("logo"))
    assert len(names) == 2


def test_a_logo_that_is_opened_by_itself_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    client = signed_in_app(tmp_path, logo=tmp_path / "logo.svg").test_client()
    address = re.search(r'<img src="(/brand/[^"]+)"', client.get("/nothing").text)
    assert address is not None
    answer = client.get(address[1])
    assert (answer.mimetype, answer.data) == ("image/svg+xml", SVG)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("logo.svg", b"\x89PNG", "the logo is not a picture"),
        ("logo.png", SVG, "the logo is not a picture"),
        ("logo.gif", b"GIF8", "the logo is not a picture"),
        ("logo.svg", b"<svg>" + b" " * 70_000, "the logo is too large"),
    ],
)
def test_what_is_not_a_logo_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        browser_files(Instance(), tmp_path / name)


def test_a_logo_stands_beside_the_configuration(tmp_path: Path) -> None:
    named = Instance.model_validate({"instance": {"logo": "sign.svg"}})
    assert logo_of(named, tmp_path) == tmp_path / "sign.svg"
    assert logo_of(Instance(), tmp_path) is None


def test_a_logo_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the logo cannot be read"):
        browser_files(Instance(), tmp_path / "logo.svg")
