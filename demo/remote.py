"""The story with hosts: a broker and a laptop that boot here, and everything between them real."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

from rich.console import Console

from rig.hosts import Run, can_boot, find, open_run

from .board import Board
from .broker_host import BrokerHost
from .commands import Commands
from .laptop_host import LaptopHost
from .places import ROOT, STATE
from .portal_host import PortalHost
from .provider import ADMIN
from .questions import Answer
from .state import forget, remember, remembered
from .story import ANALYST, make_company

__all__ = ["RUN", "describe", "end", "next_steps", "tell"]

RUN = STATE.name


def tell(board: Board, commands: Commands, source: str) -> list[Answer]:
    """Boot both hosts side by side; deploy, sync, add the analyst, pull, ask."""
    run = open_run(RUN)
    try:
        broker, laptop = BrokerHost(run, board, commands, source), LaptopHost(run, board, commands)
        _side_by_side(
            commands,
            lambda: make_company(board, commands),
            broker.bring_up,
            laptop.bring_up,
        )
        broker.load()
        broker.sync()
        key = laptop.public_key()
        laptop.sync(broker.add_analyst(key))
        broker.portal.look_around(key)
        remember(run, ready=True)
        return laptop.ask()
    finally:
        _keep(run)


def _side_by_side(commands: Commands, *parts: Any) -> None:
    """Run them in threads; the first that fails ends the others' commands, and its error counts."""
    with ThreadPoolExecutor(max_workers=len(parts)) as pool:
        futures: list[Future[Any]] = [pool.submit(part) for part in parts]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failed = [future.exception() for future in done if future.exception()]
        except KeyboardInterrupt:
            commands.stop()
            raise
        if failed:
            commands.stop()
            wait(futures)
            raise failed[0]  # type: ignore[misc]


def _keep(run: Run) -> None:
    """What stands stays, however this ended: the next run goes on from there."""
    if any(host.leader() is not None for host in run.hosts().values()):
        run.keep()


def describe() -> dict[str, Any]:
    """What ``python -m demo info`` prints; empty where no host of the demo stands."""
    if can_boot():
        return {}
    facts = remembered()
    if not facts:
        return {}
    folder = LaptopHost.FOLDER
    return {
        "mode": "hosts",
        "ready": facts["ready"],
        "hosts": {name: facts[name] for name in ("broker", "laptop") if name in facts},
        "analyst": {
            "name": ANALYST,
            "folder": folder,
            "database": LaptopHost.DATABASE,
            "home_on_broker": f"/home/{ANALYST}",
        },
        "portal": f"https://{facts['broker']['address']}" if "broker" in facts else None,
        "parquet": {
            "broker": "/data/src_data/current/parquet",
            "laptop": f"{folder}/server/parquet",
        },
    }


def next_steps() -> list[tuple[str, str]]:
    """What to type next, and what for."""
    run, facts = find(RUN), remembered()
    portal = PortalHost(run, Board(Console()), Commands())
    config = facts["broker"]["ssh_config"].removeprefix(f"{ROOT}/")
    key = facts["broker"]["private_key"].removeprefix(f"{ROOT}/")
    return [
        (portal.origin, "open the portal, whose certificate is its own"),
        (portal.admin_link(), f"be {ADMIN}, an admin of the portal: once, within 15 minutes"),
        (
            f"ssh -t -F {config} -i {key} -l {ANALYST} laptop 'cd juniper-lane; exec bash'",
            f"be {ANALYST}, the analyst, in their folder on the laptop",
        ),
        (f"ssh -F {config} broker broker status --data /data/src_data", "see what is published"),
        (f"ssh -F {config} broker", "look at the broker's host as root"),
        (".venv/bin/ansible-playbook site.yml", "deploy again: changed=0"),
        ("make demo-info", "get addresses, keys and paths, as JSON"),
        ("make demo-down", "end both hosts"),
    ]


def end() -> None:
    """Forget the hosts; the caller destroys the run."""
    forget()
