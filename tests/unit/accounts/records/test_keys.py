from __future__ import annotations

import base64
import struct
import subprocess
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.accounts.records.keyfile import render_keys
from broker.accounts.records.keyrequest import key_request
from broker.accounts.records.keys import Key, parse_key, parse_keys
from broker.errors import AccountsError

from ..scratch import public_key

GOOD = public_key("anna", "anna@laptop")
ONE_LINE = r"\A[^\x00-\x1f\x7f\u2028\u2029]+\Z"


def ssh_keygen(folder: Path, kind: str, bits: int | None = None) -> tuple[str, str, str]:
    """A key pair of OpenSSH itself: public line, private text and fingerprint."""
    path = folder / f"{kind}-{bits}"
    size = ["-b", str(bits)] if bits else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "anna@laptop", "-f", str(path)],
        check=True,
    )
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{path}.pub"], check=True, capture_output=True, text=True
    )
    return Path(f"{path}.pub").read_text(), path.read_text(), shown.stdout.split()[1]


def wire(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def line(kind: str, *parts: bytes) -> str:
    return f"{kind} {base64.b64encode(wire(kind.encode(), *parts)).decode()}"


def refusal(text: str) -> str:
    with pytest.raises(AccountsError) as caught:
        parse_key(text, where="analyst 'anna'")
    sentence = str(caught.value)
    assert sentence.startswith("analyst 'anna': ")
    assert sentence.isprintable()
    assert caught.value.exit_code == 2
    return sentence


@pytest.mark.parametrize(
    ("kind", "bits"),
    [("ed25519", None), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 3072)],
)
def test_what_openssh_makes_is_rebuilt_exactly(tmp_path: Path, kind: str, bits: int | None) -> None:
    public, _, fingerprint = ssh_keygen(tmp_path, kind, bits)
    key = parse_key(public, where="key")
    assert f"{key.line}\n" == public
    assert key.fingerprint == fingerprint
    assert key.comment == "anna@laptop"


def test_hardware_keys_are_taken() -> None:
    point = b"\x04" + bytes(64)
    for text in (
        line("sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"),
        line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", point, b"ssh:work"),
    ):
        assert parse_key(text, where="key").line == text


def test_a_weak_rsa_key_is_refused_with_its_size(tmp_path: Path) -> None:
    public, _, _ = ssh_keygen(tmp_path, "rsa", 2048)
    sentence = refusal(public)
    assert "too weak" in sentence
    assert "RSA with 2048 bits" in sentence


def test_a_private_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    _, private, _ = ssh_keygen(tmp_path, "ed25519")
    for text in (private, private.replace("\n", " "), "PuTTY-User-Key-File-3: ssh-ed25519\nx"):
        sentence = refusal(text)
        assert "private key" in sentence
        assert private.splitlines()[1] not in sentence


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        (f'command="rm -rf /" {GOOD}', "options"),
        (f"restrict,pty {GOOD}", "options"),
        (f'environment="A=ssh-rsa AAAA" {GOOD}', "options"),
        (f"no-pty\t{GOOD}", "options"),
        (f"{GOOD}\n{public_key('eve')}", "line break"),
        (f"{GOOD}\r{public_key('eve')}", "line break"),
        (f"{GOOD}\0", "control"),
        (f"{GOOD} \u202etxt", "control or invisible"),
        (f"{GOOD}\x1b[2J", "control"),
        (f"{GOOD}\u2028{public_key('eve')}", "control or invisible"),
        ("ssh-dss AAAAB3NzaC1kc3MAAACBAP1", "DSA"),
        ("ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5", "certificate"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END", "RFC 4716"),
        ("/home/anna/.ssh/id_ed25519.pub", "a path"),
        ("~/.ssh/id_ed25519.pub", "a path"),
        ("id_ed25519.pub", "a path"),
        ("ssh-foo AAAAB3", "not a public key that the broker accepts"),
        ("hello", "not a public key that the broker accepts"),
        (GOOD.split()[1], "not a public key that the broker accepts"),
        ("ssh-ed25519", "no body"),
        ("ssh-ed25519 !!!", "not base64"),
        (GOOD[:59], "not base64"),
        (GOOD[:60], "damaged"),
        ("ssh-ed25519 AAAA", "damaged"),
        (line("ssh-ed25519", bytes(31)), "damaged"),
        (line("ssh-ed25519", bytes(32), b"more"), "damaged"),
        (f"ecdsa-sha2-nistp256 {GOOD.split()[1]}", "damaged"),
        (line("ecdsa-sha2-nistp256", b"nistp384", b"\x04" + bytes(64)), "damaged"),
        (line("ssh-rsa", b"\x03", b"\x80" + bytes(400)), "damaged"),
        (line("ssh-rsa", b"\x02", b"\x01" + bytes(399) + b"\x01"), "damaged"),
        (line("sk-ssh-ed25519@openssh.com", bytes(32), b"https:"), "damaged"),
        (f"{GOOD} {'x' * 300}", "comment is too long"),
        (f"ssh-ed25519 {'A' * 20_000}", "too long"),
    ],
)
def test_what_is_no_key_is_refused_with_its_own_sentence(text: str, message: str) -> None:
    assert message in refusal(text)


def test_one_person_may_have_several_keys_and_say_one_twice() -> None:
    keys = parse_keys([GOOD, public_key("anna", "again"), public_key("phone")], where="anna")
    assert [key.comment for key in keys] == ["anna@laptop", ""]


def test_a_refusal_tells_which_key_of_a_list() -> None:
    with pytest.raises(AccountsError, match="analyst 'anna', key 2: "):
        parse_keys([GOOD, "hello"], where="analyst 'anna'")


@given(st.text(), st.text(), st.integers(0, 80), st.booleans())
def test_whatever_is_mixed_into_a_key_cannot_add_a_line_or_an_option(
    before: str, after: str, cut: int, keep: bool
) -> None:
    text = f"{before}{GOOD if keep else GOOD[cut:]}{after}"
    try:
        key = parse_key(text, where="key")
    except AccountsError:
        with pytest.raises(AccountsError, match=ONE_LINE):
            parse_key(text, where="key")
        return
    (_, rendered) = render_keys([key]).splitlines()
    assert rendered.startswith("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA")
    assert parse_key(rendered, where="key") == key


@given(st.binary(max_size=120))
def test_no_blob_breaks_the_reader(blob: bytes) -> None:
    for kind in ("ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256"):
        body = base64.b64encode(wire(kind.encode()) + blob).decode()
        try:
            key = parse_key(f"{kind} {body}", where="key")
        except AccountsError:
            continue
        assert key == Key(kind, wire(kind.encode()) + blob)


@pytest.mark.parametrize("state", ["present", "rotated"])
def test_a_new_key_that_has_ended_is_refused(state: Literal["present", "rotated"]) -> None:
    """The old keys would end, and nobody could log in with the new one."""
    with pytest.raises(
        AccountsError, match=r"end of the new key is in the past.*found '2020-12-31'"
    ):
        key_request("anna", state, key=public_key("new"), expires="2020-12-31")
    assert key_request("anna", state, key=public_key("new"), expires="8999-12-31").added
