"""Keys as they come out of terminals, mails and chats."""

from __future__ import annotations

import pytest

from broker.errors import AccountsError
from broker.portal.acts.pasted import pasted_key
from tests.unit.accounts.scratch import public_key

KIND, BODY, *_ = public_key("anna").split()


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        (f"{KIND} {BODY}", ""),
        (f"  {KIND} {BODY} anna@desk\r\n", "anna@desk"),
        (f"{KIND} {BODY[:30]}\n{BODY[30:50]}\n  {BODY[50:]} anna@desk", "anna@desk"),
        (f"{KIND}\n{BODY}\nlaptop", "laptop"),
        (f"{KIND} {BODY[:30]}\n{BODY[30:]} my old laptop", "my old laptop"),
        (f"{KIND}\t{BODY}\tmy\nlaptop", "my laptop"),
    ],
)
def test_a_key_is_found_however_it_was_wrapped(text: str, comment: str) -> None:
    key = pasted_key(text)
    assert key.line == f"{KIND} {BODY} {comment}".rstrip()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the key is empty"),
        (KIND, "has a type but no body"),
        (f"{KIND} {BODY[:-4]}", "damaged"),
        (f"{KIND} {BODY}\n{KIND} {BODY}", "more than one key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n", "this is a private key"),
        ("x" * 30_000, "too long"),
        ("~/.ssh/id_ed25519.pub", "this is a path"),
    ],
)
def test_what_is_not_one_public_key_is_refused_with_a_reason(text: str, sentence: str) -> None:
    with pytest.raises(AccountsError, match=sentence) as caught:
        pasted_key(text)
    assert "b3BlbnNzaC1r" not in str(caught.value)
