"""Who could not log in any more: what sshd says of an account, and what opens it."""

from __future__ import annotations

import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from .conftest import load
from .documentation import documented_options, plain, spec_of

module = load("ssh_accounts")
OPEN = """
port 22
permitrootlogin without-password
pubkeyauthentication yes
passwordauthentication yes
kbdinteractiveauthentication no
authorizedkeyscommand none
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
"""
GROUPS = {"sudo", "root"}
CLOSED = OPEN.replace("passwordauthentication yes", "passwordauthentication no")


def account(home: Path, name: str = "monitor", *, key: bool = False) -> pwd.struct_passwd:
    if key:
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh/authorized_keys").write_text("ssh-ed25519 AAAA\n")
    return pwd.struct_passwd((name, "x", 2000, 2000, "", str(home), "/bin/bash"))


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is in a group of their name, and administrators in sudo."""
    member = {"admin": {"admin", "sudo"}}
    monkeypatch.setattr(module, "groups_of", lambda one: member.get(one.pw_name, {one.pw_name}))


def out(one: pwd.struct_passwd, said: str, *, password: bool = False) -> list[str]:
    told = module.parse_options(said)
    have = {one.pw_name} if password else set()
    names: list[str] = module.shut_out(module.can_enter([one], lambda _: told, have), GROUPS)
    return names


def test_the_documentation_is_the_argument_spec() -> None:
    assert spec_of(documented_options(module)["doc"]["options"]) == plain(module.ARGUMENT_SPEC)


@pytest.mark.parametrize("said", [OPEN, CLOSED])
def test_a_key_outside_of_the_groups_opens_nothing_any_more(tmp_path: Path, said: str) -> None:
    assert out(account(tmp_path, key=True), said) == ["monitor"]


def test_a_password_opens_nothing_any_more_whatever_the_groups(tmp_path: Path) -> None:
    assert out(account(tmp_path), OPEN, password=True) == ["monitor"]
    assert out(account(tmp_path, "admin"), OPEN, password=True) == ["admin"]
    assert out(account(tmp_path, "admin"), CLOSED, password=True) == []


def test_a_key_and_a_group_stay(tmp_path: Path) -> None:
    assert out(account(tmp_path, "admin", key=True), OPEN, password=True) == []


def test_who_has_no_way_in_loses_none(tmp_path: Path) -> None:
    assert out(account(tmp_path), OPEN) == []
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/authorized_keys").touch()
    assert out(account(tmp_path), OPEN) == []


def test_the_root_of_today_is_asked_how_it_may_come(tmp_path: Path) -> None:
    root = account(tmp_path, "root")
    assert out(root, OPEN, password=True) == []
    assert out(root, OPEN.replace("without-password", "yes"), password=True) == ["root"]
    with_key = account(tmp_path / "other", "root", key=True)
    assert out(with_key, OPEN.replace("without-password", "no")) == []
    closed = module.parse_options(OPEN.replace("without-password", "no"))
    assert not module.is_allowed("root", {"root"}, closed)


def test_in_a_group_of_the_brokers_people_its_keys_alone_count(tmp_path: Path) -> None:
    def enter(said: str) -> list[str]:
        one = account(tmp_path, "admin")
        found: list[str] = module.can_enter([one], lambda _: module.parse_options(said), set())
        names: list[str] = module.strangers(found, {"sudo"}, tmp_path / "keys")
        return names

    account(tmp_path, "admin", key=True)
    (tmp_path / "keys").mkdir()
    assert enter(OPEN) == ["admin"]
    assert enter(OPEN.replace("pubkeyauthentication yes", "pubkeyauthentication no")) == []
    (tmp_path / "keys/admin").touch()
    assert enter(OPEN) == []


def test_without_the_brokers_keys_an_operator_needs_one_in_the_home(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "admin").write_text("ssh-ed25519 AAAA\n")
    said = module.parse_options(CLOSED.replace(".ssh/authorized_keys ", f"{keys}/%u "))

    def keyless(group: str) -> list[str]:
        found = module.can_enter([account(tmp_path, "admin")], lambda _: said, set())
        names: list[str] = module.keyless(found, {group})
        return names

    assert (keyless("sudo"), keyless("adm")) == (["admin"], [])
    account(tmp_path, "admin", key=True)
    assert keyless("sudo") == []


@pytest.mark.parametrize(
    "line",
    [
        "allowgroups sudo adm",
        "denygroups mon*",
        "denyusers monitor@10.0.0.1 monitor",
        "allowusers ann*",
        "pubkeyauthentication no",
    ],
)
def test_who_is_kept_out_already_is_not_shut_out(tmp_path: Path, line: str) -> None:
    said = "\n".join(one for one in CLOSED.splitlines() if one.split()[:1] != line.split()[:1])
    assert out(account(tmp_path, key=True), f"{said}\n{line}\n") == []


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("/etc/keys/%u", "/etc/keys/monitor"),
        ("%h/k%%", "{home}/k%"),
        ("/%%h/%%u", "/%h/%u"),
        ("own/%U", "{home}/own/2000"),
    ],
)
def test_keys_are_looked_for_where_sshd_does(tmp_path: Path, pattern: str, place: str) -> None:
    (path,) = module.key_files(account(tmp_path), {"authorizedkeysfile": [pattern]})
    assert str(path) == place.format(home=tmp_path)


def test_a_command_that_looks_for_keys_may_know_one(tmp_path: Path) -> None:
    said = CLOSED.replace("authorizedkeyscommand none", "authorizedkeyscommand /usr/bin/sss_ssh")
    assert out(account(tmp_path), said) == ["monitor"]


DROP_INS = {
    "40-data-broker-hardening.conf": "# ours\nPasswordAuthentication no\nPermitRootLogin "
    "prohibit-password\nAllowGroups dataread data-ops root\nCiphers a,b\nLoginGraceTime 30\n",
    "50-data-broker.conf": "Match Group data-ops\n  AuthorizedKeysFile /keys/%u\n"
    "Match Group dataread,!data-ops\n  AuthorizedKeysFile /keys/%u\n  ForceCommand transport\n",
    "60-data-broker.conf": "",
}
AS_TOLD = """
passwordauthentication no
pubkeyauthentication yes
permitrootlogin without-password
allowgroups dataread
allowgroups data-ops
allowgroups root
authorizedkeysfile /keys/%u
forcecommand transport
ciphers a,b
logingracetime 30
"""


def found(tmp_path: Path, said: str, config: str = "", kept: tuple[str, ...] = ()) -> list[str]:
    """Problems where sshd answers ``said`` for all that it reads, and ``AS_TOLD`` for ours."""
    (tmp_path / "sshd_config.d").mkdir(exist_ok=True)
    (tmp_path / "sshd_config").write_text(config or "Include /etc/ssh/sshd_config.d/*.conf\n")
    (tmp_path / "keys").mkdir(exist_ok=True)
    for name in kept:
        (tmp_path / "keys" / name).touch()

    def run(words: list[str]) -> tuple[int, str, str]:
        return (0, AS_TOLD if words[3].endswith("alone") else said, "")

    params = {"drop_ins": DROP_INS, "keyed": ["dataread", "data-ops"]}
    asked = SimpleNamespace(params=params, run_command=run)
    text = (tmp_path / "sshd_config").read_text().replace("/etc/ssh", str(tmp_path))
    (tmp_path / "sshd_config").write_text(text)
    return list(module.problems(asked, tmp_path, tmp_path / "keys"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("word", "word", []),
        ("without-password", "no", []),
        ("ciphers a,b", "ciphers b", []),
        ("logingracetime 30", "logingracetime 120", []),
        ("allowgroups root", "allowgroups root\nallowgroups staff", []),
        ("passwordauthentication no", "passwordauthentication yes", ["PasswordAuthentication is"]),
        ("without-password", "yes", ["PermitRootLogin is yes for a member of dataread; expected"]),
        ("ciphers a,b", "ciphers a,c", ["Ciphers is a,c"]),
        (
            "/keys/%u",
            ".ssh/keys",
            ["AuthorizedKeysFile is .ssh/keys for a member of dataread; exp"],
        ),
        ("transport", "/bin/false", ["ForceCommand is /bin/false for a member of dataread; expec"]),
        ("pubkeyauthentication yes", "pubkeyauthentication no", ["PubkeyAuthentication is no for"]),
        (
            "port 22",
            "allowusers root\nallowusers deploy\ndenygroups data-ops",
            [
                "AllowUsers root deploy does not let in a member of dataread",
                "AllowUsers root deploy does not let in a member of data-ops",
                "DenyGroups data-ops does not let in a member of data-ops",
            ],
        ),
    ],
)
def test_what_keeps_sshd_from_doing_what_it_is_told(
    tmp_path: Path, old: str, new: str, told: list[str]
) -> None:
    problems = found(tmp_path, f"{AS_TOLD}port 22\n".replace(old, new))
    assert [clause[: len(start)] for clause, start in zip(problems, told, strict=True)] == told


def test_those_whom_the_broker_keeps_are_asked_for_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [account(tmp_path, name) for name in ("anna", "bob", "otto", "drifted")]
    member = {"otto": {"otto", "data-ops"}, "drifted": {"drifted"}}
    monkeypatch.setattr(pwd, "getpwall", lambda: people)
    monkeypatch.setattr(module, "groups_of", lambda one: member.get(one.pw_name, {"dataread"}))
    kept = ("anna", "bob", "otto", "drifted")
    assert found(tmp_path, AS_TOLD, kept=kept) == []
    problems = found(tmp_path, f"{AS_TOLD}allowusers o*\nallowusers bob\n", kept=kept)
    assert problems == ["AllowUsers o* bob does not let in anna"]


@pytest.mark.parametrize(
    ("config", "reads"),
    [
        ("Port 22\ninclude  sshd_config.d/*.conf\n", True),
        ("Match User bob\n  X11Forwarding no\nMatch all\nInclude /etc/ssh/sshd_config.d/*\n", True),
        ("Match User bob\n  X11Forwarding no\nInclude /etc/ssh/sshd_config.d/*.conf\n", False),
        ("#Include /etc/ssh/sshd_config.d/*.conf\n", False),
        ("Include /etc/ssh/sshd_config.d/50-*.conf\n", False),
        ("Port 22\n", False),
    ],
)
def test_drop_ins_that_sshd_does_not_read_are_in_vain(
    tmp_path: Path, config: str, reads: bool
) -> None:
    problems = found(tmp_path, AS_TOLD, config)
    told = f"{tmp_path}/sshd_config reads no {tmp_path}/sshd_config.d/*.conf before its first Match"
    assert [problem.startswith(told) for problem in problems] == ([] if reads else [True])


def test_who_is_made_up_is_matched_by_name_in_a_copy_of_all(tmp_path: Path) -> None:
    source, place = tmp_path / "ssh", tmp_path / "copy"
    (source / "sshd_config.d").mkdir(parents=True)
    place.mkdir()
    (source / "sshd_config").write_text(
        "Match Group dataread\n  ForceCommand x\nMatch all\nInclude sshd_config.d/*.conf\n"
    )
    (source / "sshd_config.d/01-own.conf").write_text("Port 2222\n")
    (source / "sshd_config.d/50-data-broker.conf").write_text("of yesterday\n")
    probe = module.Probe("made-up-member", {"data-ops"}, "a member of data-ops")
    config = module._copied(source, DROP_INS, probe, place)
    assert config.read_text() == (
        "Match User nobody-at-all\n  ForceCommand x\nMatch all\n"
        f"Include {place}/sshd_config.d/*.conf\n"
    )
    assert (place / "sshd_config.d/01-own.conf").read_text() == "Port 2222\n"
    ours = (place / "sshd_config.d/50-data-broker.conf").read_text()
    assert ours.startswith("Match User made-up-member\n")
    assert "Match User nobody-at-all\n  AuthorizedKeysFile /keys/%u\n  ForceCommand" in ours


def test_an_answer_that_sshd_does_not_give_is_the_problem(tmp_path: Path) -> None:
    (tmp_path / "sshd_config.d").mkdir()
    (tmp_path / "sshd_config").write_text("Port many\n")
    probe = module.Probe("anna", {"dataread"}, "anna")
    problems = module.differences(lambda _: (255, "", "x\nline 1: Badly\n"), probe, {}, tmp_path)
    assert list(problems) == ["line 1: Badly"]
