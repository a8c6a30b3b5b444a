"""Hosts for every test that wants one: a run per test session, ended with it."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from rig.hosts import Host, HostError, Process, Run, at, can_boot, destroy, open_run
from tests.unseen import unseen

_SHOWN = 80  # characters of a value in a test's name


def _session_run(controller: int) -> str:
    return f"pytest-{controller}"


@pytest.fixture(scope="session")
def bootable() -> None:
    """Skips what cannot be done here."""
    reason = can_boot()
    if reason:
        pytest.skip(f"no host can be booted here: {reason}")


@pytest.fixture(scope="session")
def hosts_run(request: pytest.FixtureRequest, bootable: None) -> Run:  # noqa: ARG001 - it skips
    """The run that this session's hosts belong to, one for all xdist workers."""
    worker = hasattr(request.config, "workerinput")
    controller = os.getppid() if worker else os.getpid()
    return open_run(_session_run(controller), owner=Process.of(controller))


@pytest.fixture
def fresh_host(hosts_run: Run, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A virgin Debian host of the test's own; ``parametrize(..., indirect=True)`` sets release."""
    name = f"fresh-{os.getpid()}"
    release = getattr(request, "param", None)
    yield hosts_run.boot(name, release) if release else hosts_run.boot(name)
    hosts_run.remove(name)


# A busy machine is no fault of a test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_configure() -> None:
    """Let tests interrupt what they start: a shell's background job passes on a deaf ear.

    And hide the options of the make that started the tests from those that tests start: after
    ``make -C`` these would print the folders that they enter.
    """
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests start first, so that none of them is alone at the end; or any other order.

    ``BROKER_TEST_ORDER`` is the seed of a random order of the files and of the tests in each, the
    same for all workers.
    """
    order = os.environ.get("BROKER_TEST_ORDER", "long")
    if order == "long":
        items.sort(key=_turn)
        return
    chance = random.Random(order)  # noqa: S311 - an order, not a secret
    chance.shuffle(items)
    modules = sorted({item.nodeid.partition("::")[0] for item in items})
    chance.shuffle(modules)
    items.sort(key=lambda item: modules.index(item.nodeid.partition("::")[0]))


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("long"):
        return 0
    return 1 if item.get_closest_marker("system") else 2


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a test by no more of a text than a line shows: each worker sends all names.

    A few tests take texts of megabytes, and one of their names was as long.
    """
    return f"{val[:_SHOWN]}..." if isinstance(val, str) and len(val) > _SHOWN else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the session's hosts, whatever became of the tests."""
    if not hasattr(config, "workerinput") and os.geteuid() == 0:
        run = at(_session_run(os.getpid()))
        if run.folder.exists():
            destroy(run)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was skipped because this machine has no browser, past every other line."""
    skipped = terminalreporter.stats.get("skipped", [])
    lines = unseen(report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple))
    for line in lines:
        terminalreporter.write_line(line, red=True, bold=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Print what the hosts of a failed test say themselves."""
    report = yield
    if report.failed:
        for host in _hosts(item):
            report.sections.append((f"journal of {host.name}", _journal(host)))
    return report


def _hosts(item: pytest.Item) -> list[Host]:
    arguments = getattr(item, "funcargs", {}).values()
    found = [getattr(value, "host", value) for value in arguments]
    return list({host.name: host for host in found if isinstance(host, Host)}.values())


def _journal(host: Host) -> str:
    try:
        return host.journal(lines=80)
    except HostError as error:
        return str(error)
