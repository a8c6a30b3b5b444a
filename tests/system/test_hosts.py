"""The rig that every other system test stands on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from rig import hosts
from rig.hosts import Host, HostError, Run, disk, image, outer, processes

pytestmark = pytest.mark.system

CHECKOUT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "rig.hosts"]


@pytest.fixture
def name(hosts_run: Run) -> Iterator[str]:
    """The name of a run of the test's own; nothing of it is left afterwards."""
    unused = f"{hosts_run.name}-{uuid.uuid4().hex[:8]}"
    yield unused
    hosts.destroy(hosts.at(unused))


def call(*arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=CHECKOUT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def marks(bridge: str) -> set[str]:
    """What carries the number of a run: interfaces, a table of rules, control groups.

    Each with what the kernel never gives again: a number is another run's as soon as it is free.
    """
    links = json.loads(stdout("ip", "-json", "link"))
    tables = json.loads(stdout("nft", "-json", "-a", "list", "tables"))["nftables"]
    groups = [*Path("/sys/fs/cgroup").glob(f"*/{bridge}-*")]
    return {
        *(
            f"interface {link['ifindex']} {link['ifname']}"
            for link in links
            if link["ifname"] == bridge or link["ifname"].startswith(f"{bridge}-")
        ),
        *(
            f"table {one['table']['handle']} {one['table']['name']}"
            for one in tables
            if one.get("table", {}).get("name") == f"broker_hosts_{bridge[2:]}"
        ),
        *(f"group {group.stat().st_ino} {group}" for group in groups),
    }


def traces(bridge: str, known: set[str], folder: Path) -> list[str]:
    """What of a run is left on this machine: of its marks, processes, mounts and files."""
    shown = Path("/proc/self/mountinfo").read_text() + stdout("ps", "-eww", "-o", "args")
    left = [line for line in shown.splitlines() if f"{folder}/" in line]
    return [*sorted(known & marks(bridge)), *left, *map(str, [folder] if folder.exists() else [])]


def stdout(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def holding(run: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that holds a host up, and its bridge, once the host stands."""
    with subprocess.Popen(
        [*COMMAND, "up", "one", "--run", run, "--hold"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert f"{run}/one  up" in process.stdout.readline()
        yield process, hosts.find(run).network().bridge


@pytest.fixture
def pair(name: str) -> Iterator[tuple[Host, Host]]:
    """Two hosts of a run of the test's own."""
    with hosts.temporary(name) as run:
        yield run.boot("one"), run.boot("two")


def test_two_hosts_reach_each_other_by_name(pair: tuple[Host, Host]) -> None:
    one, two = pair
    assert one.run("hostname").stdout == "one\n"
    two.run("ping -c 1 -W 2 one")
    assert one.run("cat /etc/machine-id").stdout != two.run("cat /etc/machine-id").stdout


def test_the_gateway_stays_where_it_is_whatever_hosts_come_and_go(name: str) -> None:
    with hosts.temporary(name) as run:
        bridge = Path("/sys/class/net", run.network().bridge, "address")
        found = [bridge.read_text()]
        for host in ("one", "two"):
            run.boot(host)
            found.append(bridge.read_text())
        for host in ("one", "two"):
            run.remove(host)
            found.append(bridge.read_text())
    assert len(set(found)) == 1, found


def test_an_address_is_at_once_that_of_its_next_host(pair: tuple[Host, Host], name: str) -> None:
    _, two = pair
    run = hosts.at(name)
    run.remove(two.name)
    # As if this machine had heard of the host that is gone for ever, not for half a minute.
    known = f"{two.address} lladdr 02:00:00:00:00:01 dev {run.network().bridge} nud permanent"
    subprocess.run(["ip", "neighbor", "replace", *known.split()], check=True)
    assert run.boot(two.name).address == two.address


def test_a_hosts_key_is_known_before_the_first_connection(pair: tuple[Host, Host]) -> None:
    one, two = pair
    key = two.run("ssh-keyscan -t ed25519 one 2>/dev/null").stdout.split()[-2:]
    assert f"one,{one.address} {' '.join(key)}\n" in one.known_hosts.read_text()


def test_an_unknown_host_key_is_refused(pair: tuple[Host, Host]) -> None:
    one, two = pair
    known = one.known_hosts.read_text()
    one.known_hosts.write_text(known.replace("one,", "gone,").replace(one.address, two.address))
    with pytest.raises(HostError, match="Host key verification failed"):
        one.run("true")
    one.known_hosts.write_text(known)


def test_a_command_tells_its_exit_code_and_its_output(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    assert one.run("exit 7", check=False).returncode == 7
    assert one.exec("cat", stdin="through").stdout == "through"
    with pytest.raises(HostError, match="no such luck"):
        one.exec("sh", "-c", "echo no such luck >&2; exit 1")


def test_units_of_one_host_do_not_meet_those_of_another(pair: tuple[Host, Host]) -> None:
    one, two = pair
    one.exec("systemctl", "stop", "ssh", timeout=20)
    assert not one.answers()
    assert two.run("systemctl is-active ssh").stdout == "active\n"
    one.exec("systemctl", "start", "ssh")


def test_a_rebooted_host_keeps_its_files_and_its_address(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    before = one.leader()
    one.run("touch /etc/kept")
    one.reboot()
    assert one.leader() != before
    one.run("test -e /etc/kept")
    assert one.run("hostname --all-ip-addresses").stdout.split() == [one.address]


@pytest.mark.parametrize("release", hosts.RELEASES, ids=str)
def test_a_host_is_the_release_asked_for(hosts_run: Run, release: hosts.Release) -> None:
    host = hosts_run.boot(f"release-{release.number}", release)
    assert f"VERSION_CODENAME={release.codename}\n" in host.run("cat /etc/os-release").stdout
    hosts_run.remove(host.name)


@pytest.fixture
def copies() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes in a copy of this machine's mounts; they end with the test."""
    made: list[subprocess.Popen[bytes]] = []
    yield made
    for process in made:
        with process:
            process.kill()


def test_hosts_of_one_image_share_what_was_prepared_and_nothing_else(
    name: str, copies: list[subprocess.Popen[bytes]]
) -> None:
    def prepare(host: Host) -> None:
        host.exec("sh", "-c", "echo prepared >/etc/marker; rm /etc/debian_version")
        stay = f"cd {host.root} && echo && exec sleep infinity"
        command = ["unshare", "--mount", "sh", "-c", stay]
        copies.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        assert copies[-1].stdout
        assert copies[-1].stdout.readline() == b"\n"

    with hosts.temporary(name) as run:
        release = hosts.DEFAULT
        made = image.ensure(run, name, release, key="x", prepare=prepare)
        one, two = (run.boot(word, release, disks=made.disks) for word in ("one", "two"))
        try:
            one.exec("rm", "/etc/marker")
            assert two.exec("cat", "/etc/marker").stdout == "prepared\n"
            assert two.exec("test", "-e", "/etc/debian_version", check=False).returncode == 1
            for path in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key", "/etc/hostname"):
                assert one.exec("cat", path).stdout != two.exec("cat", path).stdout
            if outer.has_loop_device():
                size = two.exec("df", "--output=size", "--block-size=1", "/").stdout.split()[-1]
                assert int(size) <= disk.DISK_BYTES, "a host can fill its own disk alone"
        finally:
            disk.remove(made.folder)


def test_a_kept_run_is_reused_and_a_dead_host_of_it_is_booted_again(name: str) -> None:
    call("up", "one", "two", "--run", name)
    first = json.loads(call("up", "one", "two", "--run", name, "--json"))[0]
    assert first["kept"]
    hosts.find(name).host("two").kill()
    again = json.loads(call("up", "one", "two", "--run", name, "--json"))[0]
    assert again["hosts"]["one"] == first["hosts"]["one"]
    assert again["hosts"]["two"]["leader"] not in (None, first["hosts"]["two"]["leader"])

    bridge, folder = hosts.find(name).network().bridge, hosts.at(name).folder
    known = marks(bridge)
    assert len({mark.split()[0] for mark in known}) == 3, known
    assert set(traces(bridge, known, folder)) > known
    call("down", "--run", name)
    assert traces(bridge, known, folder) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=lambda sent: sent.name)
def test_an_interrupted_owner_takes_its_hosts_along(name: str, sent: signal.Signals) -> None:
    with holding(name) as (process, bridge):
        known = marks(bridge)
        process.send_signal(sent)
        assert process.wait(timeout=60) == 128 + sent
    assert traces(bridge, known, hosts.at(name).folder) == []


def test_what_a_killed_owner_left_is_cleared_at_the_next_start(name: str) -> None:
    with holding(name) as (process, bridge):
        process.kill()
    known = marks(bridge)
    assert traces(bridge, known, hosts.at(name).folder)
    hosts.sweep()
    assert traces(bridge, known, hosts.at(name).folder) == []


def test_a_host_whose_supervisor_was_killed_is_cleared_too(name: str) -> None:
    with holding(name) as (process, bridge):
        number = hosts.find(name).host("one").leader()
        assert number is not None
        leader = processes.Process.of(number)
        for pid, arguments in processes.supervisors():
            if any(word.startswith(f"--machine={bridge}-") for word in arguments):
                os.kill(pid, signal.SIGKILL)
        process.kill()
    known = marks(bridge)
    hosts.sweep()
    assert traces(bridge, known, hosts.at(name).folder) == []
    assert not leader.alive()


def test_a_killed_boot_leaves_nothing_after_the_next_start(name: str) -> None:
    command = [*COMMAND, "up", "one", "--run", name]
    with subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.DEVNULL) as process:
        hosts.wait_for("the first mount", (hosts.at(name).folder / "hosts").exists, seconds=30)
        bridge = hosts.at(name).network().bridge
        process.kill()
    known = marks(bridge)
    hosts.sweep()
    assert traces(bridge, known, hosts.at(name).folder) == []


def test_runs_side_by_side_have_networks_of_their_own(name: str) -> None:
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(hosts.open_run, [f"{name}-a", f"{name}-b"]))
        booted = list(pool.map(lambda run: run.boot("broker"), runs))
    try:
        assert len({run.network().subnet for run in runs}) == 2
        assert [host.run("hostname").stdout for host in booted] == ["broker\n", "broker\n"]
    finally:
        for run in runs:
            hosts.destroy(run)


def test_processes_that_boot_the_same_host_at_once_get_the_same_one(name: str) -> None:
    def up(_: int) -> dict[str, object]:
        answer = json.loads(call("up", "one", "--run", name, "--json"))
        return dict(answer[0]["hosts"]["one"])

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(up, range(2))
    assert first == second
    assert Path(f"/proc/{first['leader']}").exists()
