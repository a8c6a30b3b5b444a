"""An account that can write a broker's scripts, but not sign, has nothing run on a laptop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from broker.manifest.signature import FOR_DATA, FOR_SCRIPTS
from broker.publish.sign import Signer

from .homes import LIST, SIGNERS, Home, Laptop
from .test_hostile import everything

SIGNATURE = f"{LIST}.sig"


def write(home: Home, path: str = "scripts/bootstrap.py") -> None:
    """Put code there that would leave a trace where it is run."""
    target = home.path / "server" / path
    code = "\nimport pathlib\npathlib.Path(__file__).with_name('was_run').touch()\n"
    target.write_text((target.read_text() if target.exists() else "") + code)


def list_anew(home: Home) -> None:
    write(home)
    home.list_scripts()


def drop_signature(home: Home) -> None:
    list_anew(home)
    (home.path / "server" / SIGNATURE).unlink()


def empty_signature(home: Home) -> None:
    list_anew(home)
    (home.path / "server" / SIGNATURE).write_bytes(b"")


def sign_with_another_key(home: Home) -> None:
    list_anew(home)
    other = Signer.own(home.path / "other")
    content = (home.path / "server" / LIST).read_bytes()
    (home.path / "server" / SIGNATURE).write_bytes(other.sign(content, namespace=FOR_SCRIPTS))
    other.export(home.path / "server/scripts/allowed_signers")


def take_signature_of_a_manifest(home: Home) -> None:
    list_anew(home)
    signature = (home.current / "manifest.json.sig").read_bytes()
    (home.path / "server" / SIGNATURE).write_bytes(signature)


def sign_as_data(home: Home) -> None:
    """As the broker's account could, which signs manifests with texts of others in them."""
    list_anew(home)
    content = (home.path / "server" / LIST).read_bytes()
    (home.path / "server" / SIGNATURE).write_bytes(home.signer.sign(content))


REFUSED = [
    list_anew,
    drop_signature,
    empty_signature,
    sign_with_another_key,
    take_signature_of_a_manifest,
    sign_as_data,
]


@pytest.mark.parametrize("attack", REFUSED)
def test_scripts_that_the_pinned_key_did_not_sign_are_not_taken_over(
    synced: Laptop, home: Home, attack: Callable[[Home], None]
) -> None:
    before = everything(synced.path)
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    attack(home)
    for _ in range(2):
        ended = synced.sync()
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
        assert "the scripts of " in ended.stderr
        assert everything(synced.path) == before


@pytest.mark.parametrize(
    "path",
    [
        "scripts/hashlib.py",
        "scripts/click/__init__.py",
        "scripts/broker.pth",
        "examples/more.py",
    ],
)
def test_a_file_that_the_signed_list_does_not_name_stays_where_it_is(
    synced: Laptop, home: Home, path: str
) -> None:
    """Python would take some of them for a module of its own."""
    (home.path / "server" / path).parent.mkdir(exist_ok=True)
    write(home, path)
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert not (synced.path / "server" / path).exists()
    assert not [*Path(synced.path).rglob("was_run")]


def rotate(home: Home, voucher: Signer, namespace: str = FOR_SCRIPTS) -> Signer:
    """Another key signs everything from now on; ``voucher`` says so."""
    after = Signer.own(home.path / f"key-{len(list(home.path.iterdir()))}")
    signers = home.path / "server" / SIGNERS
    signers.unlink()
    after.export(signers)
    word = voucher.sign(signers.read_bytes(), namespace=namespace)
    signers.with_name("allowed_signers.sig").write_bytes(word)
    home.signer = after
    home.offer_scripts()
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    return after


def test_another_key_is_taken_on_the_word_of_the_one_before(synced: Laptop, home: Home) -> None:
    rotate(home, home.signer)
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert "signs with another key from now on, as the one before says: SHA256:" in ended.stderr
    assert synced.query("FROM stores") == [(9, "Linz")]
    again = synced.sync()
    assert (again.returncode, again.stderr) == (0, "")


def test_another_key_on_its_own_word_is_refused(synced: Laptop, home: Home) -> None:
    stranger = Signer.own(home.path / "stranger")
    before = (synced.path / ".broker/allowed_signers").read_bytes()
    rotate(home, stranger)
    ended = synced.sync()
    assert ended.returncode == 1
    assert "was not made by SHA256:" in ended.stderr
    assert (synced.path / ".broker/allowed_signers").read_bytes() == before
    assert synced.query("FROM stores") == [(7, "")]


def test_another_key_is_not_taken_on_a_signature_over_data(synced: Laptop, home: Home) -> None:
    rotate(home, home.signer, FOR_DATA)
    assert synced.sync().returncode == 1
    assert synced.query("FROM stores") == [(7, "")]


def test_the_key_before_the_one_before_vouches_for_nothing(synced: Laptop, home: Home) -> None:
    first = home.signer
    rotate(home, first)
    assert synced.sync().returncode == 0
    rotate(home, first)
    assert synced.sync().returncode == 1
