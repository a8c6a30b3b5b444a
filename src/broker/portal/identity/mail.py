"""E-mails of the portal, and the server that takes them."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol

from ...config import Email, Smtp
from ...errors import PortalError
from ...foreign.text import prose, shown

__all__ = ["MailError", "MailTransport", "SmtpTransport", "link_message"]

_SECONDS = 15.0


class MailError(PortalError):
    """The server did not take an e-mail. ``is_address`` says that it refused this address alone."""

    def __init__(self, message: str, *, is_address: bool = False) -> None:
        """What a person may know of it: nothing of whom it was for."""
        super().__init__(message)
        self.is_address = is_address


class MailTransport(Protocol):
    """Where e-mails go. Both raise ``MailError``."""

    def send(self, message: EmailMessage) -> None:
        """Hand a message over."""

    def check(self) -> None:
        """Do all of it but the message: connect, encrypt, log in."""


class SmtpTransport:
    """A mail server, by SMTP."""

    def __init__(self, smtp: Smtp, own_name: str) -> None:
        """``own_name`` is how this host calls itself to the server."""
        self._smtp = smtp
        self._own_name = own_name

    def send(self, message: EmailMessage) -> None:
        """Hand a message over, or raise ``MailError``."""
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise MailError("The mail server refused the address.", is_address=True) from error
        except (smtplib.SMTPException, OSError) as error:
            raise _explained(error) from error

    def check(self) -> None:
        """Connect, encrypt and log in, or raise ``MailError``."""
        try:
            with self._connected() as server:
                server.noop()
        except (smtplib.SMTPException, OSError) as error:
            raise _explained(error) from error

    def _connected(self) -> smtplib.SMTP:
        smtp, context = self._smtp, ssl.create_default_context()
        place = (smtp.host, smtp.port_number, self._own_name)
        if smtp.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(*place, timeout=_SECONDS, context=context)
        else:
            server = smtplib.SMTP(*place, timeout=_SECONDS)
        try:
            server.ehlo()
            if smtp.security == "starttls":
                server.starttls(context=context)
                server.ehlo()
            if smtp.password is not None:
                server.login(smtp.username, smtp.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "The mail server did not take the portal's name and password.",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "The mail server does not offer the encryption or the login that is set.",
    ),
    (ssl.SSLError, "The mail server's certificate or encryption is not valid."),
    (TimeoutError, "The mail server did not answer in time."),
    (smtplib.SMTPServerDisconnected, "The mail server broke off."),
    (smtplib.SMTPException, "The mail server refused the e-mail."),
)


def _explained(error: Exception) -> MailError:
    """Which step failed, in our own words: a server's text is not shown."""
    for kind, sentence in _SENTENCES:
        if isinstance(error, kind):
            return MailError(sentence)
    return MailError("The mail server cannot be reached.")


def link_message(email: Email, instance: str, to: str, link: str, minutes: int) -> EmailMessage:
    """The message with a link to sign in. ``instance`` is its name, ``to`` a folded address."""
    assert email.from_address is not None  # noqa: S101 - config check demands it
    name = prose(instance, 100)
    user, _, domain = email.from_address.rpartition("@")
    message = EmailMessage()
    message["From"] = Address(prose(email.from_name or instance, 100), user, domain)
    to_user, _, to_domain = to.rpartition("@")
    message["To"] = Address("", to_user, to_domain)
    message["Subject"] = f"Sign in to {shown(name)}"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no reply of an absent person
    message.set_content(
        f"Open this link to sign in to {name}:\n\n{link}\n\n"
        f"It works once, for {minutes} minutes. If you did not request it, ignore this e-mail: "
        "without the link no one gets in.\n"
    )
    return message
