from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import pytest

from rig.hosts import outer


@pytest.fixture
def linux_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine where everything is there, until a test takes something away."""
    monkeypatch.setenv("BROKER_HOSTS_DIR", str(tmp_path))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda tool: f"/usr/bin/{tool}")
    monkeypatch.setattr(outer, "sh", refusing())
    return monkeypatch


class Ended:
    def __init__(self, returncode: int) -> None:
        self.returncode = returncode


def refusing(*refused: str) -> object:
    """A machine where commands with these words fail."""

    def run(*command: str, check: bool = True) -> Ended:  # noqa: ARG001
        return Ended(1 if any(word in command for word in refused) else 0)

    return run


@pytest.mark.usefixtures("linux_root")
def test_where_everything_is_there_hosts_boot() -> None:
    assert outer.can_boot() is None


def test_a_mac_boots_no_host(linux_root: pytest.MonkeyPatch) -> None:
    linux_root.setattr(platform, "system", lambda: "Darwin")
    assert outer.can_boot() == "hosts boot on Linux only, this is Darwin"


def test_without_root_no_host_boots(linux_root: pytest.MonkeyPatch) -> None:
    linux_root.setattr(os, "geteuid", lambda: 1000)
    assert outer.can_boot() == "hosts boot as root only"


def test_missing_tools_are_named(linux_root: pytest.MonkeyPatch) -> None:
    linux_root.setattr(shutil, "which", lambda tool: None if tool in ("nft", "ip") else tool)
    assert outer.can_boot() == "not installed: nft, ip (bin/bootstrap --hosts installs them)"


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ("--pid", "namespaces"),
        ("mount", "set BROKER_HOSTS_DIR to a folder on a real disk"),
        ("bridge", "network bridge"),
        ("nft", "nftables"),
    ],
)
def test_each_thing_that_is_not_allowed_is_named(
    linux_root: pytest.MonkeyPatch, refused: str, reason: str
) -> None:
    linux_root.setattr(outer, "sh", refusing(refused))
    problem = outer.can_boot()
    assert problem is not None
    assert reason in problem
    assert "\n" not in problem


def test_a_resolver_on_loopback_is_replaced_by_those_behind_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = {"own": tmp_path / "resolv.conf", "behind": tmp_path / "upstream"}
    monkeypatch.setattr(outer, "RESOLV_CONF", files["own"])
    monkeypatch.setattr(outer, "UPSTREAM", files["behind"])
    files["own"].write_text("nameserver 127.0.0.53\n")
    assert outer.resolv_conf() == "nameserver 127.0.0.53\n"
    files["behind"].write_text("nameserver 192.0.2.53\n")
    assert outer.resolv_conf() == "nameserver 192.0.2.53\n"
    files["own"].write_text("nameserver 192.0.2.1\n")
    assert outer.resolv_conf() == "nameserver 192.0.2.1\n"


def test_tools_that_fetch_get_the_proxies_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    environment = outer.environment()
    assert environment["https_proxy"] == "http://proxy.example:3128"
    assert "PIP_INDEX_URL" not in environment
