"""The story of ``make demo``, told on booted hosts and without them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.form_browser import FormBrowser
from rig.hosts import Host, can_boot, destroy, find, runs
from tests.documented import ROOT, documented

README = ROOT / "README.md"
ANSWERS = ("Do we grow?", "What do returns cost", "Which markets grow fastest")


def measured(line: str) -> str:
    """A line without what differs from run to run: times, counts, addresses, generations, links."""
    line = re.sub(r"generation \S+?-[0-9a-f]{4}\b", "generation", line)
    line = line.replace("stands since the last time", "1,216,688 rows in 10 CSV files")
    line = re.sub(r"(/sign-in/link/)\S+", r"\1", line)
    return re.sub(r"\d+([.,:]\d+)*", "1", line)


@dataclass
class Demo:
    """A demo of the tests' own: it leaves one that a person has open alone."""

    folder: Path
    output: str = ""

    @property
    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "BROKER_DEMO_DIR": str(self.folder)}

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=900,
        )

    def info(self) -> dict[str, Any]:
        info: dict[str, Any] = json.loads(self.run("make", "--silent", "demo-info").stdout)
        return info

    def host(self, name: str) -> Host:
        return find(self.folder.name).host(name)

    def interrupted_while(self, title: str) -> int:
        """Start it, press Ctrl-C while it does that, and say how it ended."""
        with subprocess.Popen(
            [sys.executable, "-u", "-m", "demo", "up"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(f"· {title}"):
                    os.killpg(process.pid, signal.SIGINT)
                    break
            process.communicate(timeout=120)
            return process.returncode


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Interrupted once on its way, then told to its end."""
    reason = can_boot()
    if reason:
        pytest.skip(f"no host can be booted here: {reason}")
    _end_those_of_killed_tests()
    made = Demo(tmp_path_factory.mktemp("demo") / f"demo-{os.getpid()}")
    try:
        assert made.interrupted_while("Deploy the broker") == 130
        for command in documented("demo"):
            done = made.run(*command.split(), check=False)
            assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
            made.output += done.stdout
        yield made
    finally:
        made.run(sys.executable, "-m", "demo", "down")


def _end_those_of_killed_tests() -> None:
    """A demo outlives its command on purpose, so nobody else ends those of a killed pytest."""
    for run in runs():
        match = re.fullmatch(r"demo-(\d+)", run.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            destroy(run)


@pytest.mark.system
@pytest.mark.long
@pytest.mark.xdist_group("demo")
class TestWithHosts:
    def test_three_answers_are_printed_and_every_step_has_its_time(self, demo: Demo) -> None:
        assert all(title in demo.output for title in ANSWERS)
        steps = [line for line in demo.output.splitlines() if line.startswith("✓")]
        assert len(steps) == 12
        assert all(re.search(r"\(\d+\.\d s\)$", line) for line in steps)
        assert "✗" not in demo.output
        assert "make demo-down" in demo.output

    def test_the_readme_shows_what_is_printed(self, demo: Demo) -> None:
        shown = re.search(r"^```text\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
        assert shown is not None
        printed = {measured(line) for line in demo.output.splitlines()}
        lines = {measured(line) for line in shown[1].splitlines()}
        assert lines <= printed
        assert {line for line in printed if line.startswith("✓")} <= lines

    def test_a_person_signed_in_to_the_portal_and_a_link_makes_an_admin(self, demo: Demo) -> None:
        address = demo.info()["portal"]
        assert f"“Hello, Anna” at {address}: home, catalog, table shop/orders" in demo.output
        link = re.search(rf"{address}/sign-in/link/\S+", demo.output)
        assert link is not None
        browser = FormBrowser(address)
        browser.verify = browser.trust_env = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the certificate is the host's own
            home = browser.submit(browser.get(link[0]), "/sign-in/link")
            assert "/sign-out" in home.text
            assert browser.get("/admin/").status_code == 200
            again = FormBrowser(address)
            again.verify = again.trust_env = False
            assert again.submit(again.get(link[0]), "/sign-in/link").status_code >= 400

    def test_info_says_how_to_reach_everything(self, demo: Demo) -> None:
        info = demo.info()
        assert info["mode"] == "hosts"
        for name in ("broker", "laptop"):
            host = info["hosts"][name]
            answer = subprocess.run(
                [
                    *("ssh", "-i", host["private_key"], "-o", "BatchMode=yes"),
                    *("-o", f"UserKnownHostsFile={host['known_hosts']}"),
                    *(f"{host['user']}@{host['address']}", "hostname"),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            assert answer.stdout.strip() == name
        assert demo.host("broker").exec("ls", info["parquet"]["broker"]).stdout.split() == [
            "hr",
            "shop",
        ]
        assert demo.host("laptop").exec("ls", info["parquet"]["laptop"]).stdout.split() == ["shop"]

    def test_the_sync_ran_as_the_unit_of_the_timer(self, demo: Demo) -> None:
        journal = demo.host("broker").journal("broker-sync.service", lines=400)
        assert "1,216,688 rows" in journal

    def test_the_analyst_learns_nothing_of_private_tables(self, demo: Demo) -> None:
        laptop, broker = demo.host("laptop"), demo.host("broker")
        folder = demo.info()["analyst"]["folder"]
        found = laptop.exec("grep", "-rliE", "salar|employee", f"{folder}/server", check=False)
        assert [line for line in found.stdout.splitlines() if "/parquet/" not in line] == []
        for path in ("/data/src_data/current/parquet", "/data/input", "/data/src_data/generations"):
            assert broker.exec("runuser", "-u", "anna", "--", "ls", path, check=False).returncode

    def test_a_second_one_uses_what_stands(self, demo: Demo) -> None:
        before = {name: demo.host(name).leader() for name in ("broker", "laptop")}
        again = demo.run("make", "demo")
        assert all(title in again.stdout for title in ANSWERS)
        assert {name: demo.host(name).leader() for name in before} == before
        assert "stands, and nothing of its recipe changed" in again.stdout


def test_without_hosts_the_same_answers_are_given_whatever_the_source(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "demo")
    answers = []
    for source in ("csv", "keboola"):
        command = [sys.executable, "-m", "demo", "up", "--mode", "local", "--source", source]
        output = demo.run(*command).stdout
        assert all(title in output for title in ANSWERS)
        answers.append(output[output.index(ANSWERS[0]) : output.index("All that took")])
        info = demo.info()
        assert info["mode"] == "local"
        assert [path.name for path in Path(info["parquet"]["laptop"]).iterdir()] == ["shop"]
        if source == "csv":
            other = demo.run(*command[:-1], "keboola", check=False)
            assert other.returncode == 1
            assert "SOURCE=csv stands here" in other.stderr
        demo.run(sys.executable, "-m", "demo", "down")
        assert not demo.folder.exists()
        assert demo.run(sys.executable, "-m", "demo", "info", check=False).returncode == 1
    assert answers[0] == answers[1]


def test_a_failure_is_one_sentence_and_the_path_of_a_log(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "demo")
    (demo.folder / "local").mkdir(parents=True)
    (demo.folder / "local" / "data").write_text("in the way")
    failed = demo.run(sys.executable, "-m", "demo", "up", "--mode", "local", check=False)
    assert failed.returncode == 1
    sentences = failed.stderr.strip().splitlines()
    assert len(sentences) == 2
    assert "Traceback" not in failed.stdout + failed.stderr
    assert Path(sentences[1].rpartition(" ")[2]).is_file()


def test_the_engine_of_the_readme_runs_without_any_host(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    output = ""
    for command in documented("engine"):
        done = subprocess.run(
            ["bash", "-euc", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        output = done.stdout
    assert "shop/order_items" in output


def test_ci_runs_the_command_of_the_readme_that_runs_this(tmp_path: Path) -> None:
    assert documented("test") == ["make test"]
    stub = tmp_path / "make"
    stub.write_text("#!/bin/sh\necho called: make $*\n")
    stub.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [str(ROOT / ".ci" / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["called: make test"]
