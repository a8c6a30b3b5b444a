"""The portal's client against mail servers that encrypt, refuse, or are not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from broker.config import Email, Smtp
from broker.portal.identity.mail import MailError, SmtpTransport, link_message
from rig.fakes.certificates import write_certificate

from ..running import free_port
from .mailbox import Mailbox

LOGIN = ("broker", "pa55")


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that this process trusts."""
    path = write_certificate(tmp_path / "mail.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def boxes() -> Iterator[Callable[..., Mailbox]]:
    made: list[Mailbox] = []

    def make(*args: Any, **options: Any) -> Mailbox:
        made.append(Mailbox(*args, **options))
        return made[-1]

    yield make
    for box in made:
        box.close()


def transport(port: int, security: str, password: str | None = None) -> SmtpTransport:
    login = {} if password is None else {"username": "broker", "password": SecretStr(password)}
    smtp = Smtp.model_validate({"host": "127.0.0.1", "port": port, "security": security} | login)
    return SmtpTransport(smtp, "data.example.com")


def message() -> Any:
    email = Email.model_validate({"from_address": "broker@example.com"})
    return link_message(email, "Acme data", "eva@outside.com", "https://x.example/y", 15)


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_message_arrives(certificate: Path, boxes: Callable[..., Mailbox], security: str) -> None:
    box = boxes(certificate, security=security, login=LOGIN)
    sender = transport(box.port, security, "pa55")
    sender.send(message())
    assert "From: Acme data <broker@example.com>\r\n" in box.messages[0]
    assert "https://x.example/y" in box.messages[0]
    sender.check()
    assert box.finished.acquire(timeout=60)
    assert box.finished.acquire(timeout=60)
    assert len(box.messages) == 1
    assert ("STARTTLS" in box.verbs) == (security == "starttls")
    # All but the message is the same, so that both take as long.
    before = box.verbs[: box.verbs.index("QUIT")]
    after = box.verbs[box.verbs.index("QUIT") + 1 :]
    envelope = ("MAIL", "RCPT", "DATA")
    assert [verb for verb in before if verb not in envelope] == after[:-2]
    assert after[-2:] == ["NOOP", "QUIT"]


@pytest.mark.parametrize(
    ("box", "security", "password", "sentence"),
    [
        ({"login": LOGIN}, "none", "wrong", "did not take the portal's name and password"),
        ({}, "starttls", None, "does not offer the encryption"),
        ({"refuses": ("MAIL",)}, "none", None, "refused the e-mail"),
        ({"refuses": ("DATA",)}, "none", None, "refused the e-mail"),
        ({"security": "tls"}, "tls", None, "certificate or encryption is not valid"),
        ({"security": "starttls"}, "starttls", None, "certificate or encryption is not valid"),
    ],
)
def test_a_server_that_refuses_has_its_sentence_and_its_text_is_not_shown(
    tmp_path: Path,
    boxes: Callable[..., Mailbox],
    box: dict[str, Any],
    security: str,
    password: str | None,
    sentence: str,
) -> None:
    untrusted = write_certificate(tmp_path / "untrusted.pem")
    made = boxes(untrusted, **box)
    with pytest.raises(MailError, match=sentence) as caught:
        transport(made.port, security, password).send(message())
    assert "hunter2" not in str(caught.value)
    assert not caught.value.is_address
    assert made.messages == []


def test_an_address_that_is_refused_is_no_fault_of_the_server(
    boxes: Callable[..., Mailbox],
) -> None:
    box = boxes(refuses=("RCPT",))
    with pytest.raises(MailError, match="refused the address") as caught:
        transport(box.port, "none").send(message())
    assert caught.value.is_address
    transport(box.port, "none").check()


def test_a_server_that_is_not_there_has_its_sentence() -> None:
    with pytest.raises(MailError, match="cannot be reached"):
        transport(free_port(), "none").check()
