"""``login``: a folder signs in to a portal by a code, and renews its certificate by itself."""

from __future__ import annotations

import json
import os
import re
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from broker.accounts.manage import converge
from broker.accounts.records.certificates import Mode
from broker.accounts.records.model import parse_request
from broker.laptop.transfer.connection import ssh_options
from broker.laptop.workspace import Workspace
from broker.portal.database.models import PersonalToken
from tests.documented import documented
from tests.unit.portal.scene import OwnAddress, Scene, scene

from .homes import Laptop

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


@contextmanager
def served(made: Scene, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The portal on a port of this machine."""
    server = make_server("127.0.0.1", 0, made.app, threaded=True, ssl_context=tls)
    origin = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    settings = made.app.extensions["portal"]
    made.app.extensions["portal"] = replace(settings, origin=origin)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join(timeout=60)


@pytest.fixture
def portal() -> Iterator[Scene]:
    """A host that wants certificates."""
    with scene() as made:
        made.app.config["SERVER_NAME"] = None
        converge((), made.door.host, certificates=Mode())
        yield made


@pytest.fixture
def desk(synced: Laptop, portal: Scene) -> Laptop:
    """A folder whose key opens the account of anna, whom the portal knows."""
    key = synced.path / ".broker/id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (synced.path / ".broker/ssh_config").write_text(f'IdentityFile "{key}"\n')
    (synced.path / ".broker/host").write_text("anna@broker.example.test\n")
    anna = parse_request(
        "anna", email="anna@example.com", keys=[key.with_name("id_ed25519.pub").read_text().strip()]
    )
    converge([anna], portal.door.host)
    portal.add("anna", "anna")
    return synced


class Typed:
    """A login that waits for its person."""

    def __init__(self, laptop: Laptop, *words: str) -> None:
        self._process = subprocess.Popen(
            ["bash", "server/scripts/broker.sh", "login", *words],
            cwd=laptop.path,
            env=laptop.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def code(self) -> str:
        """What the command shows."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.search(r"type the code ([A-Z]{4}-[A-Z]{4})$", line.strip())
        if found is None:
            self._process.wait(timeout=60)
            raise AssertionError(f"{line}{self.ended()}")
        return found[1]

    def ended(self) -> tuple[int, str, str]:
        output, errors = self._process.communicate(timeout=120)
        return self._process.returncode, output, errors


def answer(made: Scene, origin: str, code: str, decision: str) -> None:
    """As anna in her browser."""
    made.app.test_client_class = OwnAddress
    browser = made.browser("anna")
    done = browser.post("/device/answer", data={"code": code, "answer": decision}, base_url=origin)
    assert done.status_code == 303, done.text


def certificate(laptop: Laptop) -> str:
    place = laptop.path / ".broker/certificate.pub"
    return subprocess.run(
        ["ssh-keygen", "-L", "-f", place], check=True, capture_output=True, text=True
    ).stdout


def test_signed_in_once_it_renews_without_a_browser(desk: Laptop, portal: Scene) -> None:
    with served(portal) as origin:
        (line,) = documented("analyst-login")
        words = line.replace("https://data.example.com", origin).split()
        assert words[:3] == ["bash", "server/scripts/broker.sh", "login"]
        typed = Typed(desk, *words[3:])
        answer(portal, origin, typed.code(), "approve")
        code, output, errors = typed.ended()
        assert (code, errors) == (0, ""), output
        assert "certificate for SHA256:" in output
        first = certificate(desk)
        assert "anna" in first
        token = desk.path / ".broker/portal-token.json"
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        assert json.loads(token.read_text())["text"] not in output
        settings = subprocess.run(
            ["ssh", *ssh_options(Workspace.at(desk.path)), "-G", "broker.example.test"],
            cwd=desk.path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert "certificatefile .broker/certificate.pub" in settings.splitlines()
        ended = desk.verb("login")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "type the code" not in ended.stdout
        assert certificate(desk) != first


def test_a_token_that_was_revoked_leads_to_another_sign_in_and_a_refusal_is_said(
    desk: Laptop, portal: Scene
) -> None:
    with served(portal) as origin:
        typed = Typed(desk, "--portal", origin)
        answer(portal, origin, typed.code(), "approve")
        assert typed.ended()[0] == 0
        before = certificate(desk)
        with portal.database.begin() as session:
            for one in session.query(PersonalToken):
                one.revoked_at = one.created_at
        typed = Typed(desk)
        assert typed._process.stdout is not None
        assert "does not count any more" in typed._process.stdout.readline()
        answer(portal, origin, typed.code(), "deny")
        code, _, errors = typed.ended()
        assert code == 1
        assert "you did not let this laptop in" in errors
        assert certificate(desk) == before
        assert not (desk.path / ".broker/portal-token.json").exists()


def test_a_key_that_the_account_does_not_have_is_said(desk: Laptop, portal: Scene) -> None:
    key = desk.path / ".broker/id_ed25519"
    for path in (key, key.with_name("id_ed25519.pub")):
        path.unlink()
    with served(portal) as origin:
        ended = desk.verb("login", "--portal", origin)
        assert ended.returncode == 1
        assert "no public key was found for this folder" in ended.stderr
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        typed = Typed(desk, "--portal", origin)
        answer(portal, origin, typed.code(), "approve")
        code, _, errors = typed.ended()
        assert code == 1
        assert "your account has none of the keys of this folder" in errors
        assert not (desk.path / ".broker/certificate.pub").exists()


def test_a_host_that_does_not_answer_or_issues_none_is_said_and_the_token_stays(
    desk: Laptop, portal: Scene
) -> None:
    with served(portal) as origin:
        portal.door.close()
        typed = Typed(desk, "--portal", origin)
        answer(portal, origin, typed.code(), "approve")
        code, _, errors = typed.ended()
        assert code == 1
        assert "the portal gives no certificate" in errors
        assert (desk.path / ".broker/portal-token.json").exists()


def own_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """One that no authority signed, and TLS with it."""
    cert, key = folder / "portal.pem", folder / "portal.key"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    words += f" -subj /CN=portal -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {cert}"
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    return cert, tls


def test_a_sign_in_without_a_certificate_yet_goes_on_with_what_was_named_once(
    desk: Laptop, portal: Scene
) -> None:
    cert, tls = own_certificate(desk.path.parent)
    with served(portal, tls) as origin:
        typed = Typed(desk, "--portal", origin, "--ca", str(cert))
        code = typed.code()
        portal.door.close()  # the host issues nothing now
        answer(portal, origin, code, "approve")
        assert "the portal gives no certificate" in typed.ended()[2]
        cert.unlink()
        again = desk.verb("login")
    assert "the portal gives no certificate" in again.stderr


def test_a_certificate_of_the_portals_own_counts_by_its_file_alone(
    desk: Laptop, portal: Scene
) -> None:
    folder = desk.path.parent
    cert, tls = own_certificate(folder)
    with served(portal, tls) as origin:
        ended = desk.verb("login", "--portal", origin)
        assert ended.returncode == 1
        assert "is not one that this laptop trusts" in ended.stderr
        assert "--ca FILE" in ended.stderr
        (folder / "empty.pem").write_text("")
        ended = desk.verb("login", "--portal", origin, "--ca", str(folder / "empty.pem"))
        assert "this file holds no certificate" in ended.stderr
        typed = Typed(desk, "--portal", origin, "--ca", str(cert))
        answer(portal, origin, typed.code(), "approve")
        assert typed.ended()[0] == 0
        cert.unlink()  # the folder has a copy
        assert desk.verb("login").returncode == 0


def test_without_a_portal_or_with_a_wrong_address_it_says_so(desk: Laptop) -> None:
    ended = desk.verb("login")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "the address of the portal is missing" in ended.stderr
    ended = desk.verb("login", "--portal", "http://data.example.com")
    assert "this is not the address of a portal" in ended.stderr
    ended = desk.verb("login", "--portal", "http://127.0.0.1:9")
    assert "the portal cannot be reached" in ended.stderr
