"""What one account on a booted host learns of others, takes from them, and reaches beside them."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from rig.hosts import DEFAULT, RELEASES, Host, Run, wait_for

from ..deploy import Broker, pristine
from .test_sessions import Person, person

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("neighbours")]

HIDDEN = "payroll"
PULL = f"rsync --server --sender -re.LsfxCIvu . user/{HIDDEN}/"
PARTS = ("--tags", "base_processes")
MANAGER = (
    "busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1{0} "
    "org.freedesktop.systemd1.{1} {2}"
)
LISTS = (
    MANAGER.format("", "Manager", "GetUnitProcesses s user.slice"),
    MANAGER.format("/unit/user_2eslice", "Slice", "GetProcesses"),
    "systemctl status --no-pager --full user.slice",
    "ps -ef",
    "cat /proc/[0-9]*/cmdline",
)
# Twenty connections of one account that wait as long as this process lives.
WAIT = """
import socket, sys
waiting = [socket.socket(socket.AF_UNIX) for _ in range(20)]
for one in waiting:
    one.connect("/run/broker-accounts.sock")
print("waiting", flush=True)
sys.stdin.read()
"""
# One account that connects for three seconds, as fast as it can.
LOOP = """
import contextlib, socket, time
end = time.monotonic() + 3
while time.monotonic() < end:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
        one.settimeout(1)
        one.connect("/run/broker-accounts.sock")
"""
ASK = """
from broker.accounts.service.client import Client
print(Client(seconds=60).call("list").keys())
"""
PYTHON = "/opt/data-broker/current/venv/bin/python"
# To the host's own sshd, which listens at every address.
CONNECT = "python3 -c 'import socket; socket.create_connection((\"{}\", 22), 5)'"
# Which of these addresses of the host itself sshd greets.
NEAR = """
import socket
for source in ("127.0.0.1", "127.0.0.2", "127.0.1.2", "127.9.9.9"):
    try:
        with socket.create_connection(("127.0.0.1", 22), 2, (source, 0)) as one:
            print(source, one.recv(8).decode())
    except TimeoutError:
        pass
"""
RECORDS = "find /run/utmp /var/log/wtmp /var/log/wtmp.db -readable 2>/dev/null"
OPENED = f"""
for path in $({RECORDS}); do
  python3 -c "import os; os.removexattr('$path', 'system.posix_acl_access')"
  chmod 664 "$path"
done
"""
INSTALL = (
    "apt-get -q update && "
    "DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends cron at"
)
# A configuration that is not there yet, so that whoever reads it waits.
HELD = "/data/input/held"
LATE = f"mkdir {HELD}; mkfifo -m 644 {HELD}/instance.yaml"
COMES = (
    f"exec 3> {HELD}/instance.yaml; echo 'instance: 7' | tee {HELD}/new >&3; "
    f"mv {HELD}/new {HELD}/instance.yaml"
)
UNITS = "systemctl {} 'broker-run-approve-*.service'"
BUS = "/run/dbus/system_bus_socket"
DIAL = f"import socket; socket.socket(socket.AF_UNIX).connect('{BUS}')"
AT = "echo 'cat /proc/self/cgroup > at' | at now"
LOGIN = "canary-of-this-test-61c0a4"
PROXY = f"http://someone:{LOGIN}@127.0.0.1:9"


@pytest.fixture(scope="module")
def broker(hosts_run: Run) -> Iterator[Broker]:
    with pristine(hosts_run, DEFAULT, filtering=True) as made:
        yield made


@pytest.fixture(scope="module")
def host(broker: Broker) -> Host:
    return broker.host


@pytest.fixture(scope="module")
def analyst(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """An analyst with a shell."""
    return person(host, tmp_path_factory.mktemp("keys"), "pat", "--shell")


@pytest.fixture(scope="module")
def other(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """An analyst without one."""
    return person(host, tmp_path_factory.mktemp("keys"), "tim")


def options(host: Host) -> str:
    return host.exec("findmnt", "--noheadings", "--output=OPTIONS", "/proc").stdout


def test_no_analyst_sees_what_another_pulls(host: Host, analyst: Person, other: Person) -> None:
    host.exec("install", "-d", "-o", other.name, "-g", other.name, f"/home/tim/user/{HIDDEN}")
    with subprocess.Popen(
        other.ssh(PULL), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as session:
        assert session.stdout is not None
        assert session.stdout.read(4), "rsync's version: it has read its arguments"
        running = host.run("cat /proc/[0-9]*/cmdline | tr '\\0' ' '", check=False).stdout
        assert "/usr/bin/rsync --server -s" in running
        assert HIDDEN not in running
        assert f"/home/{other.name}" not in running
        for command in LISTS:
            seen = analyst.run(f"{command} 2>&1").stdout
            assert "/usr/bin/rsync" not in seen, command
            assert f"sshd-session: {other.name}" not in seen, command
        assert analyst.run("ps -e -o user= | sort -u").stdout == f"{analyst.name}\n"
        assert analyst.run("systemctl --user is-system-running").stdout == "running\n"
        assert session.stdin is not None
        session.stdin.close()
        session.wait(timeout=60)
    assert host.run("systemctl is-system-running").stdout == "running\n"


def test_no_unit_shows_the_name_of_a_table(host: Host) -> None:
    host.run(LATE)
    line = [*host.ssh(), f"broker approve --config {HELD} hr/{HIDDEN}"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as asking:
        listed = UNITS.format("list-units")
        wait_for("the command", lambda: "approve" in host.run(listed).stdout, seconds=60)
        shown = host.run(f"{UNITS.format('show')}; cat /run/systemd/transient/broker-run-*").stdout
        assert "Description=broker approve" in shown
        assert HIDDEN not in shown
        host.run(COMES)
        _, output = asking.communicate(timeout=60)
    assert f"{HELD}/instance.yaml" in output, "it has read its words"
    assert host.run("ls /run/broker-words.*", check=False).returncode != 0


def test_analysts_do_not_reach_the_system_bus_and_log_in_with_limits_or_not_at_all(
    broker: Broker, analyst: Person
) -> None:
    host = broker.host
    assert "PermissionError" in analyst.run(f"python3 -c {shlex.quote(DIAL)}").stderr
    host.run(f"runuser -u nobody -- python3 -c {shlex.quote(DIAL)}")
    host.exec("mv", BUS, f"{BUS}.aside")
    try:
        assert analyst.run("true").returncode != 0
        assert host.run("tail -1 /proc/self/cgroup").returncode == 0
    finally:
        host.exec("mv", f"{BUS}.aside", BUS)
    assert f"/user-{analyst.uid}.slice/" in analyst.run("cat /proc/self/cgroup").stdout


def test_hidden_processes_are_mended_and_survive_a_boot(broker: Broker) -> None:
    host = broker.host
    host.exec("mount", "-o", "remount,hidepid=off", "/proc")
    assert broker.play("site.yml", "--check", *PARTS).changed == 1
    assert "hidepid" not in options(host)
    assert broker.play("site.yml", *PARTS).changed == 1
    assert "hidepid=invisible" in options(host)
    host.reboot()
    assert "hidepid=invisible" in options(host)


def test_connections_that_wait_leave_room_for_another_account(host: Host) -> None:
    waiting = f"runuser -u broker-portal -- python3 -c {shlex.quote(WAIT)}"
    with subprocess.Popen(
        [*host.ssh(), waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as idle:
        assert idle.stdout is not None
        assert idle.stdin is not None
        assert idle.stdout.readline() == b"waiting\n"
        answer = host.exec(PYTHON, "-I", "-c", ASK, timeout=60)
        assert answer.stdout == "dict_keys(['analysts'])\n"
        idle.stdin.close()
        assert idle.wait(timeout=60) == 0
    assert host.exec("systemctl", "is-active", "broker-accounts.socket").stdout == "active\n"


@pytest.mark.parametrize("deployed", RELEASES, indirect=True, ids=str)
def test_a_caller_in_a_loop_does_not_close_the_socket_for_good(deployed: Broker) -> None:
    host = deployed.host
    host.run(f"runuser -u broker-portal -- python3 -c {shlex.quote(LOOP)}")
    asking = (PYTHON, "-I", "-c", ASK)
    wait_for(
        "an answer",
        lambda: host.exec(*asking, check=False).stdout == "dict_keys(['analysts'])\n",
        seconds=60,
    )


def test_analysts_do_not_reach_the_addresses_of_a_cloud(host: Host, analyst: Person) -> None:
    host.exec("ip", "address", "add", "169.254.169.254/32", "dev", "lo")
    host.exec("ip", "address", "add", "192.0.2.80/32", "dev", "lo")
    for address in ("192.0.2.80", "::ffff:192.0.2.80"):
        assert analyst.run(CONNECT.format(address)).returncode == 0
    for address in ("169.254.169.254", "::ffff:169.254.169.254"):
        assert analyst.run(CONNECT.format(address)).returncode != 0
        host.run(CONNECT.format(address))
    shown = host.exec("systemctl", "show", "-p", "IPAddressDeny", f"user-{analyst.uid}.slice")
    for address in ("169.254.0.0/16", "fd00:ec2::254/128", "100.100.100.200/32"):
        assert address in shown.stdout


def test_an_analyst_on_the_host_comes_to_sshd_from_few_addresses(analyst: Person) -> None:
    assert analyst.run(f"python3 -c '{NEAR}'").stdout == "127.0.0.1 SSH-2.0-\n"


def test_no_analyst_can_lock_what_is_written_at_each_login(broker: Broker, analyst: Person) -> None:
    host = broker.host
    subprocess.run(analyst.ssh("-tt", "true"), check=True, stdin=subprocess.DEVNULL)
    assert "/var/log/wtmp" in host.run(RECORDS, check=False).stdout
    assert analyst.run(RECORDS).stdout == ""
    host.run("logrotate --force /etc/logrotate.d/wtmp; systemctl start logrotate.service")
    assert analyst.run(RECORDS).stdout == ""
    host.run(OPENED)
    assert analyst.run(RECORDS).stdout
    assert broker.play("site.yml", "--tags", "base_logins").changed == 1
    assert analyst.run(RECORDS).stdout == ""


def test_jobs_of_cron_and_at_run_in_the_slice_of_their_owner(
    broker: Broker, analyst: Person
) -> None:
    host = broker.host
    host.run(INSTALL)
    for job in ("echo '* * * * * cat /proc/self/cgroup > cron' | crontab -", AT):
        done = analyst.run(job)
        assert done.returncode == 0, done.stderr
    for name in ("at", "cron"):
        path = f"/home/{analyst.name}/{name}"
        wait_for(
            f"the job of {name}",
            lambda path=path: host.run(f"test -s {path}", check=False).returncode == 0,
            seconds=90,
        )
        assert f"/user-{analyst.uid}.slice/" in host.exec("cat", path).stdout
    session = "/etc/pam.d/common-session-noninteractive"
    host.run(f"sed -i '/notingroup dataread/d' {session}")
    assert broker.play("site.yml", "--tags", "base_limits").changed == 1
    host.run(f"echo 'session required pam_unix.so' > {session}")
    refused = broker.play("site.yml", "--tags", "base_limits", check=False)
    assert "was changed by hand" in refused.output
    host.run("pam-auth-update --force --package")
    assert broker.play("site.yml", "--tags", "base_limits").changed == 0


def test_the_login_of_a_proxy_is_in_no_output(broker: Broker) -> None:
    given = {
        "broker_environment": {"https_proxy": PROXY},
        "broker_install_environment": {"https_proxy": PROXY, "PIP_INDEX_URL": PROXY},
    }
    played = broker.play(
        "site.yml", "-vv", "--diff", "-e", json.dumps(given), "--tags", "app_config,base_packages"
    )
    assert played.changed > 0
    assert LOGIN not in played.output
    source = {"type": "csv", "path": f"https://someone:{LOGIN}@files.example.com"}
    settings = json.dumps({"broker_data_source": source})
    refused = broker.play("site.yml", "--diff", "-e", settings, "--tags", "app_config", check=False)
    assert refused.changed == 0
    assert "data_source.path: a URL has a password in clear" in refused.output
    assert LOGIN not in refused.output
