"""Whatever changes an analyst leaves its trace, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.accounts.debian.host import Host
from broker.accounts.manage import converge
from broker.accounts.records.classes import Classes
from broker.accounts.records.model import parse_request
from broker.accounts.records.paths import HostPaths
from broker.audit.reading import read_log
from broker.errors import BrokerError
from broker.hostpaths import AUDIT_LOG
from tests.unit.accounts.scratch import ScratchSystem, make_root, public_key


@pytest.fixture
def layout(tmp_path: Path) -> HostPaths:
    return make_root(tmp_path / "host")


def ask(layout: HostPaths, name: str, *, check: bool = False, **more: object) -> None:
    request = parse_request(name, **more)  # type: ignore[arg-type]
    converge([request], Host(layout, ScratchSystem(layout.root)), check=check)


def events(layout: HostPaths) -> list[tuple[str, str | None, str]]:
    history = read_log(layout.at(AUDIT_LOG))
    assert not history.garbled
    return [(one.action, one.subject, one.result) for one in history.events]


def test_add_change_remove_and_mend(layout: HostPaths) -> None:
    ask(layout, "anna", keys=[public_key("anna")], check=True)
    assert not layout.at(AUDIT_LOG).exists()
    ask(layout, "anna", keys=[public_key("anna")])
    ask(layout, "anna", keys=[public_key("anna")])
    ask(layout, "anna", private=True)
    (layout.at(layout.keys) / "anna").write_text("")
    ask(layout, "anna")
    ask(layout, "anna", state="absent")
    found = [one for one in events(layout) if one[1]]
    assert found == [
        ("analyst.add", "anna", "done"),
        ("analyst.change", "anna", "done"),
        ("analyst.mend", "anna", "done"),
        ("analyst.remove", "anna", "done"),
    ]
    change = read_log(layout.at(AUDIT_LOG)).events[-3].detail
    assert (change["before"]["classes"], change["after"]["classes"]) == ([], ["private"])
    assert public_key("anna").split()[1] not in layout.at(AUDIT_LOG).read_text()


def test_declared_classes_are_a_change_of_the_host_and_of_no_analyst(layout: HostPaths) -> None:
    """Also where analysts are called as the parts of the host that a change names."""
    for name in ("classes", "places"):
        ask(layout, name, keys=[public_key(name)])
    classes = Classes({**Classes().groups, "hr": "data-hr"})
    request = parse_request("classes", email="classes@example.com")
    converge([request], Host(layout, ScratchSystem(layout.root)), classes=classes)
    act = read_log(layout.at(AUDIT_LOG)).events[-2:]
    assert [(one.action, one.subject, one.detail) for one in act] == [
        ("host.mend", None, {"mended": ["hr"]}),
        (
            "analyst.change",
            "classes",
            {"before": {"email": None}, "after": {"email": "classes@example.com"}},
        ),
    ]


def test_what_fails_is_told_as_failed(layout: HostPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BrokerError("useradd failed with code 1")

    monkeypatch.setattr(ScratchSystem, "add", refuse)
    with pytest.raises(BrokerError):
        ask(layout, "anna", keys=[public_key("anna")])
    assert ("analyst.add", "anna", "failed") in events(layout)


def test_nothing_happens_where_no_trace_can_be_left(layout: HostPaths) -> None:
    layout.at(AUDIT_LOG).parent.mkdir(parents=True)
    layout.at(AUDIT_LOG).mkdir()
    with pytest.raises(BrokerError, match="so nothing was done"):
        ask(layout, "anna", keys=[public_key("anna")])
    assert "anna" not in (layout.root / "etc/passwd").read_text()
    assert not layout.at(layout.registry).exists()
