from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.manifest.signature import refusal
from broker.publish.sign import Signer


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.own(tmp_path / "keys")


@pytest.fixture
def signers(tmp_path: Path, signer: Signer) -> Path:
    signer.export(tmp_path / "allowed_signers")
    return tmp_path / "allowed_signers"


def _signed(folder: Path, signer: Signer, content: bytes = b"{}\n") -> Path:
    signature = folder / "manifest.json.sig"
    signature.write_bytes(signer.sign(content))
    return signature


def test_a_signature_holds_for_its_bytes_alone(
    tmp_path: Path, signer: Signer, signers: Path
) -> None:
    signature, known = _signed(tmp_path, signer).read_bytes(), signers.read_bytes()
    assert refusal(b"{}\n", signature, known) is None
    assert refusal(b"{}", signature, known) is not None


def test_stock_openssh_accepts_it(tmp_path: Path, signer: Signer, signers: Path) -> None:
    signature = _signed(tmp_path, signer)
    command = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "data-broker"]
    found = subprocess.run(
        [*command, "-n", "data-broker", "-s", signature], input=b"{}\n", check=False
    )
    assert found.returncode == 0


def test_another_key_is_refused(tmp_path: Path, signers: Path) -> None:
    stranger = Signer.own(tmp_path / "stranger")
    signature = _signed(tmp_path, stranger).read_bytes()
    assert refusal(b"{}\n", signature, signers.read_bytes()) is not None


def test_the_own_key_is_made_once_and_is_the_owners_alone(tmp_path: Path, signer: Signer) -> None:
    key = tmp_path / "keys" / "signing_key"
    before = key.read_bytes()
    Signer.own(tmp_path / "keys")
    assert key.read_bytes() == before
    assert key.stat().st_mode & 0o7777 == 0o600
    assert key.parent.stat().st_mode & 0o7777 == 0o700
    assert [path.name for path in key.parent.iterdir()] == ["signing_key"]
    assert signer.sign(b"x")


def test_what_a_kill_left_of_a_key_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    (folder / ".arriving").write_text("half a key")
    (folder / ".arriving.pub").write_text("half a key")
    assert Signer.own(folder).sign(b"x").startswith(b"-----BEGIN SSH SIGNATURE-----")


def test_a_new_key_does_not_make_the_old_signatures_void(
    tmp_path: Path, signer: Signer, signers: Path
) -> None:
    signature = _signed(tmp_path, signer).read_bytes()
    newer = Signer.own(tmp_path / "newer")
    newer.export(signers)
    newer.export(signers)
    known = signers.read_bytes()
    assert len(known.splitlines()) == 2
    assert refusal(b"{}\n", signature, known) is None
    assert refusal(b"{}\n", _signed(tmp_path, newer).read_bytes(), known) is None


def test_a_key_with_a_passphrase_is_refused_and_asks_nobody(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", key], check=True
    )
    with pytest.raises(PublishError, match="without passphrase"):
        Signer(key).sign(b"{}")


def test_a_missing_key_and_a_public_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("ssh-ed25519 AAAA")
    for key in (tmp_path / "none", tmp_path / "text"):
        with pytest.raises(PublishError, match="ssh-keygen refused"):
            Signer(key).export(tmp_path / "signers")


def test_without_openssh_the_package_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, signer: Signer
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PublishError, match="openssh-client"):
        signer.sign(b"x")


def test_no_byte_of_a_signature_can_be_changed(
    tmp_path: Path, signer: Signer, signers: Path
) -> None:
    good, known = _signed(tmp_path, signer).read_bytes(), signers.read_bytes()
    for at in range(len(good)):
        changed = good[:at] + bytes([good[at] ^ 0x01]) + good[at + 1 :]
        assert refusal(b"{}\n", changed, known) is not None, at
    for changed in (good + b"\n", b"\n" + good, good.replace(b"\n", b"\r\n"), good[:-1], b""):
        assert refusal(b"{}\n", changed, known) is not None, changed
