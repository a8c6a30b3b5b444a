"""Templates and expressions of the roles, rendered by Ansible's own templar."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

from broker.access.proof_now import STARTERS
from broker.config import load_instance
from broker.publish.sign import Signer

from .bundle import ROOT, defaults, load

UNITS = "etc/systemd/system"
FOLDERS = ROOT / "roles/storage/tasks/folders.yml"
SANDBOX = f"{UNITS}/broker-run-.service.d/sandbox.conf"


@pytest.fixture(scope="session", autouse=True)
def plugins() -> None:
    """Ansible finds its filters only after this."""
    load_plugins()


@cache
def load_plugins() -> None:
    """Ansible takes this once in a process."""
    init_plugin_loader()


def render(role: str, text: str, **overrides: Any) -> Any:
    """A text of a role with its defaults, its own constants and what a play would give it."""
    constants = load(ROOT / "roles" / role / "vars" / "main.yml") or {}
    known = {**trusted(constants), **defaults(role), "ansible_managed": "Managed", **overrides}
    loader = DataLoader()
    loader.set_basedir(str(ROOT / "roles" / role / "templates"))
    return Templar(loader, variables=known).template(trust_as_template(text))


def trusted(value: Any) -> Any:
    """Values as Ansible's own loader gives them: their expressions may be evaluated."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def template(role: str, path: str, **overrides: Any) -> str:
    """A template of a role."""
    return str(
        render(role, (ROOT / "roles" / role / "templates" / f"{path}.j2").read_text(), **overrides)
    )


def settings(unit: str) -> list[str]:
    """The settings of a unit, comments and sections aside."""
    return [line for line in unit.splitlines() if "=" in line and not line.startswith("#")]


def test_a_sync_runs_as_the_broker_with_its_limits() -> None:
    unit = settings(template("sync", f"{UNITS}/broker-sync.service"))
    assert "User=broker" in unit
    assert "TimeoutStartSec=6h" in unit
    assert "MemoryMax=2G" in unit
    assert not any(line.startswith("SuccessExitStatus") for line in unit)


def test_the_service_gets_each_secret_as_a_credential_and_none_as_a_value() -> None:
    unit = settings(template("app", SANDBOX, app_secrets={"TOKEN": "canary"}))
    assert "LoadCredential=signing_key:/etc/data-broker/signing_key" in unit
    assert "LoadCredential=TOKEN:/etc/data-broker/credentials/TOKEN" in unit
    assert not any(line.startswith("Environment=") for line in unit)
    assert "canary" not in "".join(unit)


def test_the_service_writes_its_store_and_nothing_else() -> None:
    unit = settings(template("app", SANDBOX))
    assert {"ProtectSystem=strict", "NoNewPrivileges=true", "Slice=broker-sync.slice"} <= {*unit}
    assert [line for line in unit if line.startswith("ReadWritePaths=")] == [
        "ReadWritePaths=-/data/src_data"
    ]


def test_the_environment_of_a_run_is_read_by_systemd_and_by_a_shell(tmp_path: Path) -> None:
    unit = settings(template("app", SANDBOX))
    assert "EnvironmentFile=-/etc/data-broker/environment" in unit
    environment = {
        "https_proxy": "http://a%20b:$c\\`d`@proxy:3128",
        "no_proxy": "localhost,.example.com",
    }
    written = template("app", "etc/data-broker/environment", app_run_environment=environment)
    path = tmp_path / "environment"
    path.write_text(written)
    script = f'. {path}; printf \'%s\n\' "$https_proxy" "$no_proxy"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(environment.values())
    assert template("app", "etc/data-broker/environment").count("=") == 0


def test_the_service_may_make_setgid_folders_and_change_groups() -> None:
    unit = settings(template("app", SANDBOX))
    assert "RestrictSUIDSGID=true" not in unit
    assert "SystemCallFilter=@system-service" in unit
    assert not any(line.startswith("SystemCallFilter=~") for line in unit)


def test_rows_set_aside_can_be_told_to_be_expected() -> None:
    unit = template("sync", f"{UNITS}/broker-sync.service", sync_rejects_fail=False)
    assert "SuccessExitStatus=3" in settings(unit)


def test_the_timer_catches_up_and_does_not_crowd() -> None:
    timer = settings(template("sync", f"{UNITS}/broker-sync.timer", sync_schedule="*-*-* 04:00"))
    assert timer[1:] == [
        "OnCalendar=*-*-* 04:00",
        "RandomizedDelaySec=5min",
        "Persistent=true",
        "WantedBy=timers.target",
    ]


def test_sshd_takes_the_keys_of_analysts_from_root_alone() -> None:
    lines = template("ssh", "etc/ssh/sshd_config.d/50-data-broker.conf").splitlines()
    assert lines[2] == "DenyUsers broker broker-*"
    operators = lines.index("Match Group data-ops")
    assert lines[operators + 1] == "    AuthorizedKeysFile /etc/data-broker/authorized_keys/%u"
    assert lines[operators + 6] == "Match Group dataread,!data-ops"
    assert "    AuthorizedKeysFile /etc/data-broker/authorized_keys/%u" in lines
    assert "    DisableForwarding yes" in lines
    without_shell = lines.index("Match Group dataread,!data-ops,!data-shell")
    assert "    ChrootDirectory /srv/broker" in lines[without_shell:]
    everybody = [line for line in lines[3:] if line and not line.startswith(("    ", "#"))]
    assert everybody == [lines[operators], lines[operators + 6], lines[without_shell]]


def facts(release: int) -> dict[str, Any]:
    return {"ansible_facts": {"distribution_major_version": str(release)}}


@pytest.mark.parametrize("release", [12, 13])
def test_sshd_is_asked_for_what_its_release_has(release: int) -> None:
    path = "etc/ssh/sshd_config.d/40-data-broker-hardening.conf"
    known = {
        "__ssh_operator": {"stdout": "deploy"},
        "ssh_more_groups": ["ops"],
        "ssh_exempt_addresses": ["192.0.2.0/24"],
        **facts(release),
    }
    text = template("ssh", path, **known)
    assert ("mlkem768x25519-sha256" in text) == ("PerSourcePenalties" in text) == (release == 13)
    assert "AllowGroups dataread data-ops root sudo adm ops deploy\n" in text
    exempt = "PerSourcePenaltyExemptList 127.0.0.0/8,::1/128,192.0.2.0/24\n"
    assert (exempt in text) == ("authfail:0" in text) == (release == 13)


@pytest.mark.parametrize("groups", ["olga data-ops dataread data-sudo", "root", "deploy ops"])
def test_who_deploys_changes_nothing_where_a_group_of_theirs_is_known(groups: str) -> None:
    path = "etc/ssh/sshd_config.d/40-data-broker-hardening.conf"
    known = {"__ssh_operator": {"stdout": groups}, "ssh_more_groups": ["ops"], **facts(13)}
    assert "AllowGroups dataread data-ops root sudo adm ops\n" in template("ssh", path, **known)


FILES_OF_A_PROCESS = 1_024  # by systemd's default; sshd has one for each connection


@pytest.mark.parametrize("each", [1, 10, 50])
def test_one_address_is_far_from_where_sshd_drops_at_random(each: int) -> None:
    path = "etc/ssh/sshd_config.d/40-data-broker-hardening.conf"
    known = {"__ssh_operator": {"stdout": "deploy"}, "ssh_logins_at_once": each}
    text = template("ssh", path, **known, **facts(12))
    options = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    start, _, most = map(int, options["MaxStartups"].split(":"))
    assert options["PerSourceMaxStartups"] == str(each)
    assert start == 15 * each
    assert most == start + 150 < FILES_OF_A_PROCESS - 100
    assert options["PerSourceNetBlockSize"] == "32:64"


def test_mounts_have_the_names_that_systemd_asks_for() -> None:
    text = "{{ '/srv/broker/opt/data-broker' | mount_unit }}"
    assert render("ssh", text) == "srv-broker-opt-data\\x2dbroker.mount"


@pytest.mark.parametrize(
    ("home", "astray"),
    [
        (["rw,nosuid,nodev,noexec,relatime"], False),
        (["rw,relatime,nodev,noexec"], True),
        (["ro,nosuid,nodev,noexec"], True),
        (["rw,nosuid,nodev,noexec", "rw"], True),
        ([], True),
    ],
)
def test_a_mount_that_is_hidden_or_lacks_an_option_is_astray(home: list[str], astray: bool) -> None:
    shown = {
        "/srv/broker/usr": ["ro,nosuid,nodev"],
        "/srv/broker/opt/data-broker": ["ro,nosuid,nodev"],
        "/srv/broker/data": ["ro,nosuid,nodev,noexec"],
        "/srv/broker/home": home,
        "/": ["rw"],
    }
    rows = [{"target": at, "options": one} for at, found in shown.items() for one in found]
    text = "{{ shown | mounts_astray(_ssh_mounts) | join(' ') }}"
    found = render("ssh", text, shown=json.dumps({"filesystems": rows}))
    assert found == ("/srv/broker/home rw,nodev,nosuid,noexec" if astray else "")


def test_a_data_disk_that_is_missing_is_neither_made_up_nor_mounted_onto_itself() -> None:
    """Its folders come from a deploy alone, and its mount point must not look like it."""
    (task,) = [one for one in load(FOLDERS) if "host_files" in one]
    assert task["host_files"]["absent"] == ["/etc/tmpfiles.d/data-broker.conf"]
    lines = settings(template("storage", f"{UNITS}/broker-nosuid.service"))
    missing = "! mountpoint --quiet /data && systemctl cat data.mount >/dev/null 2>&1 || "
    of_data = [line for line in lines if line.startswith("ExecStart") and "/data" in line]
    assert len(of_data) == 2
    assert all(f"-c '{missing}mount" in line for line in of_data)
    assert [line for line in lines if "systemctl" in line] == of_data


@pytest.mark.parametrize(
    ("role", "unit"),
    [
        ("sync", f"{UNITS}/broker-sync.service"),
        *(
            ("oversight", f"{UNITS}/{name}")
            for name in (
                "broker-access-prove.path",
                "broker-access-prove.service",
                "broker-access-unproved.service",
            )
        ),
    ],
)
def test_what_publishes_or_proves_needs_the_mount_of_the_store(role: str, unit: str) -> None:
    text = template(role, unit)
    assert "RequiresMountsFor=/data/src_data\n" in text.split("[Unit]\n", 1)[1].split("[", 1)[0]


def test_what_a_person_starts_needs_no_unit_whose_failure_systemd_run_takes_for_success() -> None:
    unit = settings(template("app", SANDBOX))
    assert not [line for line in unit if line.startswith(("Requires", "BindsTo", "Requisite"))]


def test_what_systemd_would_ignore_as_a_network_is_invalid() -> None:
    valid = ["169.254.0.0/16", "fd00:ec2::254", "10.1.2.3/8", "fe80::/10", "link-local", "any"]
    text = "{{ given | invalid_networks | join(' ') }}"
    given = [*valid, "metadata", "10.0.0.0/33", ""]
    assert render("base", text, given=given) == "metadata 10.0.0.0/33 "
    deny = load(ROOT / "group_vars" / "all" / "access.yml")["broker_analyst_ip_deny"]
    assert render("base", text, given=deny) == ""


def test_analysts_have_limits() -> None:
    lines = template("base", "etc/security/limits.d/50-data-broker.conf").splitlines()
    assert lines[1:] == ["@dataread hard nproc 256", "@dataread hard maxlogins 16"]
    denied = ["169.254.0.0/16", "fd00:ec2::254"]
    given = {"base_analyst_weight": 7, "base_analyst_ip_deny": denied}
    slice_ = template("base", f"{UNITS}/broker-analyst.slice.d/limits.conf", **given)
    limits = {"MemoryMax=25%", "MemorySwapMax=0", "CPUWeight=7", "IOWeight=7", "TasksMax=256"}
    assert set(settings(slice_)) == limits | {f"IPAddressDeny={address}" for address in denied}


def test_instance_yaml_leaves_out_what_nobody_set_and_the_broker_reads_it(tmp_path: Path) -> None:
    wanted = {
        "instance": {"name": "Žluťoučký: #1"},
        "telegram": {},
        "data_source": {"type": "csv", "path": "/data/input"},
        "users": {},
    }
    text = template("app", "etc/data-broker/instance.yaml", app_instance=wanted)
    assert yaml.safe_load(text) == {key: wanted[key] for key in ("instance", "data_source")}
    (tmp_path / "instance.yaml").write_text(text)
    instance = load_instance(tmp_path, {})
    assert instance.instance.name == "Žluťoučký: #1"
    assert instance.named_sources["csv"].settings["path"] == "/data/input"


def test_metrics_beside_the_description_come_along_and_others_are_removed(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    text = "name: a\ntitle: '{{ x }} and {% y %}'\nsql: SELECT 1\n"
    (tmp_path / "metrics/a.yml").write_text(text)
    (tmp_path / "metrics/README.md").write_text("Ours.")
    description = str(tmp_path / "data_description.md")
    (tmp_path / "data_description.md").write_text("# Tables\n")
    task = load(ROOT / "roles" / "app" / "tasks" / "config.yml")[0]
    kept, gone = load(ROOT / "roles" / "app" / "tasks" / "forget_metrics.yml")
    given = {"app_description": description, "app_instance": {}, **trusted(task["vars"])}
    folders = render("app", task["host_files"]["folders"], **given)
    assert [one["path"] for one in folders] == ["/etc/data-broker", "/etc/data-broker/metrics"]
    files = render("app", task["host_files"]["files"], **given)
    wanted = {"mode": "0640", "group": "data-ops", "later": True}
    assert files[-1] == {"path": "/etc/data-broker/metrics/a.yml", "content": text, **wanted}
    assert len(files) == 3
    (left,) = kept["host_files"]["folders"]
    assert render("app", left, **given) == {**folders[1], "only": True}
    assert render("app", kept["host_files"]["files"], **given) == [
        {**files[-1], "once": True, "later": False}
    ]
    assert gone["host_files"]["absent"] == ["/etc/data-broker/metrics"]
    (tmp_path / "metrics/a.yml").unlink()
    assert len(render("app", task["host_files"]["folders"], **given)) == 1
    assert len(render("app", task["host_files"]["files"], **given)) == 2


def test_each_secret_has_a_file_of_its_own_and_structured_ones_are_json() -> None:
    (written,) = load(ROOT / "roles" / "app" / "tasks" / "secrets.yml")
    kept, _ = load(ROOT / "roles" / "app" / "tasks" / "forget.yml")
    task = written["host_files"]
    secrets = {"TOKEN": "a'b\n", "PIN": 7, "KEY": {"type": "service_account", "ids": [1]}}
    files = render("app", task["files"], app_secrets=secrets)
    assert {file["path"].rpartition("/")[2]: file["content"] for file in files} == {
        "TOKEN": "a'b\n",
        "PIN": "7",
        "KEY": '{"type": "service_account", "ids": [1]}',
    }
    assert {file["mode"] for file in files} == {"0600"}
    (folder,) = task["folders"]
    assert {file["path"].rpartition("/")[0] for file in files} == {folder["path"]}
    names = render("app", kept["host_files"]["files"], app_secrets=secrets)
    assert [file["path"] for file in names] == [file["path"] for file in files]
    assert {(file["content"], file["once"]) for file in names} == {("", True)}
    assert kept["host_files"]["folders"] == [{**folder, "only": True}]
    assert written["no_log"] is True


def test_what_is_mounted_as_a_file_has_one_in_a_folder_that_is_made_first() -> None:
    task = load(ROOT / "roles" / "ssh" / "tasks" / "install.yml")[0]["host_files"]
    files = render("ssh", task["files"])
    assert [file["path"] for file in files] == [
        "/srv/broker/dev/null",
        "/srv/broker/dev/log",
        "/srv/broker/run/systemd/journal/socket",
    ]
    assert all(file["once"] for file in files)
    made = [folder["path"] for folder in task["folders"]]
    assert {file["path"].rpartition("/")[0] for file in files} <= {*made}
    assert all(
        made.index(path.rpartition("/")[0]) < place for place, path in enumerate(made) if place
    )


def test_the_signers_that_a_deploy_hands_out_are_those_of_the_publisher(tmp_path: Path) -> None:
    signer = Signer.own(tmp_path / "own")
    signer.export(tmp_path / "allowed_signers")
    key = " ".join((tmp_path / "allowed_signers").read_text().split()[2:])
    task = load(ROOT / "roles" / "app" / "tasks" / "signing_key.yml")[-1]
    (content,) = task["vars"].values()
    text = render("app", content, __app_public_key={"stdout_lines": ["made", key]})
    assert text == (tmp_path / "allowed_signers").read_text()


def test_the_proof_may_become_others_and_finds_a_host_that_is_not_read_only() -> None:
    unit = settings(template("oversight", f"{UNITS}/broker-access-prove.service"))
    assert "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_READ_SEARCH CAP_SETGID CAP_SETUID" in unit
    assert not [line for line in unit if line.startswith(("ProtectSystem", "ProtectHome"))]
    path = settings(template("oversight", f"{UNITS}/broker-access-prove.path"))
    assert "PathChanged=/data/src_data" in path
    (task,) = load(ROOT / "roles" / "oversight" / "tasks" / "install.yml")
    assert {*STARTERS} == {*task["systemd_units"]["started"]}, "status asks for each of them"


RECORD = f"{UNITS}/broker-run-sync-.service.d/record.conf"


def test_every_sync_is_recorded_by_root_however_it_begins_and_ends() -> None:
    unit = settings(template("oversight", RECORD))
    program = "/opt/data-broker/current/venv/bin/broker runs --began %n --data /data/src_data"
    assert unit == [
        "OnSuccess=broker-sync-ended@succeeded:%n.service",
        "OnFailure=broker-sync-ended@failed:%n.service",
        f"ExecStartPre=-+{program}",
    ]
    recorder = settings(template("oversight", f"{UNITS}/broker-sync-ended@.service"))
    assert {"ProtectSystem=strict", "ReadWritePaths=/var/lib/data-broker"} <= {*recorder}
    assert not [line for line in recorder if line.startswith("Requires")]


@pytest.mark.parametrize(
    ("hook", "started", "run"),
    [
        ("", None, None),
        ("mail@.service", "mail@%n.service", None),
        ("mail.service", "mail.service", None),
        ("mail@ops.service", "mail@ops.service", None),
        ("/bin/mail --to 'the team'", "broker-failed@%n.service", "/bin/mail --to 'the team' %i"),
    ],
)
def test_a_failed_sync_and_a_failed_proof_start_what_the_operator_names(
    hook: str, started: str | None, run: str | None
) -> None:
    for unit in (RECORD, f"{UNITS}/broker-access-prove.service"):
        lines = settings(template("oversight", unit, oversight_on_failure=hook))
        assert (f"OnFailure={started}" in lines) == bool(started)
        assert len([line for line in lines if "%n" in line or "OnFailure" in line]) >= bool(started)
    if run:
        unit = template("oversight", f"{UNITS}/broker-failed@.service", oversight_on_failure=hook)
        assert f"ExecStart={run}" in settings(unit)


@pytest.mark.parametrize(
    "hook",
    [
        "mail ops",
        "mail",
        "bin/mail",
        "-/bin/mail",
        "+/bin/mail",
        "broker-sync.service",
        "mail@.mount",
        "../mail.service",
        "/bin/mail\nExecStart=/bin/sh",
        "/bin/mail \\",
        "/bin/mail ; /bin/sh",
        "/bin/mail\x00",
        "mail.service\u2028x",
        ["/bin/mail"],
        True,
        7,
    ],
)
def test_what_can_report_no_failure_is_refused_with_its_text(hook: Any) -> None:
    found = render(
        "oversight", "{{ oversight_on_failure | failure_hook }}", oversight_on_failure=hook
    )
    assert (found["unit"], found["command"]) == ("", "")
    assert found["problem"]
    assert "\n" not in found["problem"]


@pytest.mark.parametrize("name", ["accounts", "publishing"])
@pytest.mark.parametrize(("release", "more"), [("13", True), ("12", False)])
def test_a_socket_is_the_portals_alone_and_limited_as_far_as_the_release_can(
    name: str, release: str, more: bool
) -> None:
    facts, role = {"distribution_major_version": release}, f"{name}_socket"
    unit = settings(template(role, f"{UNITS}/broker-{name}.socket", ansible_facts=facts))
    assert {"SocketGroup=broker-portal", "SocketMode=0660", "Accept=yes"} <= set(unit)
    assert f"ListenStream=/run/broker-{name}.sock" in unit
    assert "MaxConnections=16" in unit
    assert ("PollLimitBurst=32" in unit) == more
    assert ("TriggerLimitIntervalSec=0" in unit) != more
    assert ("MaxConnectionsPerSource=8" in unit) == more
    helper = settings(template(role, f"{UNITS}/broker-{name}@.service"))
    module = {"accounts": "broker.accounts.service", "publishing": "broker.publishing"}[name]
    assert any(line.endswith(f"-m {module} broker-portal --connections 8") for line in helper)
    assert {"StandardInput=socket", "NoNewPrivileges=true", "ProtectSystem=strict"} <= set(helper)


def test_the_helper_for_publishing_writes_no_store_and_reaches_no_network() -> None:
    helper = settings(template("publishing_socket", f"{UNITS}/broker-publishing@.service"))
    assert "ReadWritePaths=/run /var/log/data-broker" in helper
    assert {"PrivateNetwork=true", "CapabilityBoundingSet=CAP_DAC_READ_SEARCH"} <= set(helper)


def dpkg(*packages: str) -> dict[str, Any]:
    """What dpkg-query answers."""
    return {"answers": {"packages": {"stdout": "\n".join(packages)}}}


HAVE = (
    "installed logrotate 3.22",
    "installed openssh-server 1:10",
    "installed libpam-systemd 257",
    "installed python3-venv 3.13",
    "installed ca-certificates 1",
)


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ([*HAVE, "installed rsync 3.5.0+ds1-0+deb13u1", "installed chrony 4.6"], []),
        ([*HAVE, "installed rsync 3.10.1-1", "installed systemd-timesyncd 257"], []),
        ([*HAVE, "installed rsync 3.4.1+ds1-5", "installed ntpsec 1"], ["rsync>=3.5.0"]),
        ([*HAVE, "config-files rsync 3.5.0-1", "installed ntpsec 1"], ["rsync>=3.5.0"]),
        ([*HAVE, "installed rsync 3.5.0-1", "config-files chrony 4"], ["systemd-timesyncd"]),
        (
            [],
            [
                "logrotate",
                "openssh-server",
                "libpam-systemd",
                "python3-venv",
                "ca-certificates",
                "rsync>=3.5.0",
                "systemd-timesyncd",
            ],
        ),
    ],
)
def test_only_what_is_missing_is_installed(found: list[str], missing: list[str]) -> None:
    message = render("base", "{{ _base_missing }}", __base_found=dpkg(*found))
    assert sorted(message) == sorted(missing)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "'/usr/bin/apt-get -y install 'rsync'' failed: E: Could not get lock "
            "/var/lib/dpkg/lock-frontend. It is held by process 7 (apt)\nE: Unable to acquire",
            "Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt); Unable "
            "to acquire. Another program installs packages there: wait until it has ended.",
        ),
        (
            "No package matching 'rsync' is available",
            "No package matching 'rsync' is available. Deb",
        ),
        (
            "x failed: E: Held packages were changed",
            "Held packages were changed. Debian's security",
        ),
    ],
)
def test_a_failed_install_shows_what_apt_says_and_what_to_do(message: str, shown: str) -> None:
    failed = {"msg": message}
    text = render(
        "base", "{{ _base_apt_errors }} {{ _base_apt_remedy }}", ansible_failed_result=failed
    )
    assert " ".join(text.split()).startswith(shown)


@pytest.mark.parametrize(
    ("lines", "persons"),
    [
        ([], []),
        (["broker:x:990:990:Data broker:/:/usr/sbin/nologin"], []),
        (["broker:x:990:990::/:/bin/false", "broker-principals:x:1:1::/:/sbin/nologin"], []),
        (["broker:x:1000:1000:Bo:/home/broker:/bin/bash"], [["broker", "/bin/bash"]]),
        (["broker:x:9:9::/:"], [["broker", ""]]),
        (
            ["broker:x:9:9::/:/sbin/nologin", "broker-principals:x:1001:1001::/home/p:/bin/zsh"],
            [["broker-principals", "/bin/zsh"]],
        ),
    ],
)
def test_accounts_of_the_service_that_a_person_could_log_in_with(
    lines: list[str], persons: list[list[str]]
) -> None:
    question = load(ROOT / "roles/base/vars/main.yml")["_base_questions"]["accounts"][-1]
    assert question.startswith("getent passwd broker broker-principals ")
    found = {"answers": {"accounts": {"stdout": "\n".join(lines)}}}
    assert [
        list(one) for one in render("base", "{{ _base_persons }}", __base_found=found)
    ] == persons


def test_groups_come_before_the_service_that_is_in_all_of_them() -> None:
    lines = render("base", "{{ _base_accounts }}", base_groups=["dataread", "data-private"])
    assert lines == [
        "g dataread -",
        "g data-ops -",
        "g data-catalog -",
        "g data-private -",
        'u broker - "Data broker" - /usr/sbin/nologin',
        "m broker dataread",
        "m broker data-ops",
        "m broker data-catalog",
        "m broker data-private",
    ]


@pytest.mark.parametrize(
    ("keep", "at_work", "gone"),
    [
        (1, [], ["b", "c", "a"]),
        (3, [], ["a"]),
        (4, [], []),
        (1, ["c", "current"], ["b", "a"]),
        (3, ["a"], []),
    ],
)
def test_old_releases_go_and_what_is_current_or_at_work_never_does(
    keep: int, at_work: list[str], gone: list[str]
) -> None:
    task = load(ROOT / "roles" / "app" / "tasks" / "prune.yml")[-1]
    ages = {"a": 1.0, "b": 3.0, "c": 2.0, "current": 0.5}
    files = [{"path": path, "mtime": mtime} for path, mtime in ages.items()]
    known = {"__app_releases": {"files": files}, "_app_release_dir": "current"}
    known |= {"app_keep_releases": keep, **trusted(task["vars"])}
    known["__app_at_work"] = {"stdout_lines": at_work}
    assert render("app", task["loop"], **known) == gone


DF = """  IFree  Inodes Mounted on
6553600 6619136 /
6553600 6619136 /
      0       0 /opt
    300    3000 /var
      -       - /data
"""


def test_only_file_systems_with_a_limit_of_files_are_asked_for_room() -> None:
    found = {"answers": {"files": {"stdout": DF.rstrip()}}}
    rooms = render("base", "{{ _base_free_files }}", __base_found=found)
    assert [[*room] for room in rooms] == [["6553600", "/"], ["300", "/var"]]


OVERRIDE = "/etc/systemd/system/broker-sync.service.d/override.conf"


def doubts(**answers: str) -> list[str]:
    known = {"drop_ins": "", "rotation": "enabled", "clocks": "not-found\nenabled"} | answers
    found = {n: {"stdout": text, "lines": text.splitlines()} for n, text in known.items()}
    installed = {"systemd-timesyncd": "252"}
    answered = {"answers": found}
    doubts = render("base", "{{ _base_doubts }}", __base_found=answered, _base_installed=installed)
    return [str(one) for one in doubts]


def test_what_root_changed_and_a_deploy_leaves_is_named() -> None:
    assert doubts() == []
    (changed,) = doubts(drop_ins=OVERRIDE)
    assert changed.startswith(f"{OVERRIDE} changes broker-sync.service, which may do")
    assert "audit log" in doubts(rotation="masked")[0]
    assert doubts(rotation="") == []
    assert "systemd-timesyncd is enabled" in doubts(clocks="not-found\nmasked")[0]
