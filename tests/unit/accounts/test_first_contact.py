"""The line that an operator sends to a new analyst."""

from __future__ import annotations

import pytest

from broker.accounts.records.first_contact import first_contact, first_contact_on_windows
from broker.errors import AccountsError
from tests.documented import ROOT, documented

# Two keys, and what `ssh-keygen -l` shows of them.
HOST = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDj5AcjnRZPZWOQ8DGG/QuPX5KTboTzZtSnPqzPGufOK root@broker"
)
SIGNERS = (
    'data-broker namespaces="data-broker" ecdsa-sha2-nistp256 '
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBClmAYxYZX7nWAkDRe8aBYvTWEW+"
    "4pKofpYJpylpIvGWHfWFvUaKNmDKF/cHjR+F9X1TCXyeqjqmLMNEVjPtO5I="
)


@pytest.mark.parametrize(("port", "more"), [(22, 0), (2222, 1)])
def test_a_new_analyst_is_sent_where_whom_to_trust_and_what_to_type(port: int, more: int) -> None:
    lines = first_contact("anna@data.example.com", port, HOST, SIGNERS)
    assert "The host's key:   SHA256:9xhxi498ObuN2VDH+7QvpCSNZrasp9sfngSRpUvrQKI (ED25519)" in lines
    assert "Data are signed:  SHA256:DdPtkwbfWPfL8VrfFgrzHTYZDAVzJnI0dQXZfG4eydk (ECDSA)" in lines
    start = lines.index("Paste this into a terminal, all of it (docs/analyst.md says more):") + 1
    line = " ".join(part.removesuffix("\\") for part in lines[start:])
    assert all(part.endswith("\\") for part in lines[start:-1])
    # Ansible shows each of them as it is: no quotes around it, and not folded.
    assert all(" " not in part[80:] and part[0] not in "'\"&*[]{}|>%@`" for part in lines[start:])
    assert line.startswith(f"(h={HOST.split()[1]}; s={SIGNERS.split()[3]}; t=$(mktemp -d) && ")
    assert "echo data-broker ssh-ed25519 $h >known_hosts" in line
    assert "echo data-broker ecdsa-sha2-nistp256 $s >allowed_signers" in line
    assert "'anna@data.example.com:server/scripts/start.sh*'" in line
    end = " 2222)" if more else ")"
    assert line.endswith(f"sh start.sh anna@data.example.com ~/data-broker{end}")
    assert line.count("-P 2222") == more


def test_the_page_of_the_analyst_shows_it_as_it_is_sent() -> None:
    signer = SIGNERS.replace("ecdsa-sha2-nistp256", "ssh-ed25519").split()[-1]
    keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 anna@desk"]
    lines = first_contact(
        "anna@broker.example.com", 22, HOST, f"data-broker ssh-ed25519 {signer}", keys
    )
    start = lines.index("Paste this into a terminal, all of it (docs/analyst.md says more):") + 1
    sent = " ".join(line.removesuffix("\\") for line in lines[start:]).replace("  ", " ")
    known = {
        HOST.split()[1]: "KEY_OF_THE_HOST",
        signer: "KEY_THAT_SIGNS",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5": "YOUR_OWN_KEY",
    }
    for text, words in known.items():
        sent = sent.replace(text, words)
    (shown,) = documented("analyst-first-contact")
    assert sent == shown.replace("  ", " ")


def test_the_page_of_the_analyst_shows_what_is_typed_on_windows() -> None:
    signer = "AAAAC3NzaC1lZDI1NTE5AAAAIDj5"
    signers = f"data-broker ssh-ed25519 {signer}"
    lines = first_contact_on_windows("anna@broker.example.com", 22, HOST, signers)
    known = {HOST.split()[1]: "KEY_OF_THE_HOST", signer: "KEY_THAT_SIGNS"}
    shown = "\n".join(lines)
    for text, words in known.items():
        shown = shown.replace(text, words)
    assert shown.split("\n") == documented("analyst-windows")
    other = first_contact_on_windows("anna@broker.example.com", 2222, HOST, signers)
    assert [line for line in other if line not in lines] == [r">>.broker\ssh_config echo Port 2222"]
    assert other.index(r">>.broker\ssh_config echo Port 2222") < [one[:4] for one in other].index(
        "sftp"
    )


def test_of_many_keys_so_many_are_offered_as_a_host_lets_be_tried() -> None:
    keys = [f"ssh-ed25519 AAAA{number} of {number}" for number in range(9)]
    keys.insert(0, f"ssh-rsa {'A' * 1200}")
    lines = first_contact("anna@data.example.com", 22, HOST, SIGNERS, keys)
    assert [line for line in lines if line.startswith("k")] == [
        f"k{number + 1}='ssh-ed25519 AAAA{number}';\\" for number in range(3)
    ]
    assert sum("IdentityFile=" in line for line in lines) == 6
    without = first_contact("anna@data.example.com", 22, HOST, SIGNERS)
    assert "Identit" not in " ".join(without)


def test_each_line_fits_into_what_a_terminal_takes_at_once() -> None:
    """A Mac's terminal gives a program without an editor of lines 1,024 bytes of each."""
    name = f"anna@{'a' * 63}.{'b' * 63}.example.com"
    lines = first_contact(name, 2222, HOST, SIGNERS)
    assert max(map(len, lines)) < 1_024


def test_what_runs_before_the_list_of_scripts_is_verified_can_be_read_by_a_person() -> None:
    """It is all that the line fetches at first, so a careful analyst reads it."""
    assert (ROOT / "laptop/scripts/start.sh").stat().st_size < 5_000


def test_a_file_without_a_key_is_an_error() -> None:
    with pytest.raises(AccountsError, match="expected a public key"):
        first_contact("anna@data.example.com", 22, HOST, "")
