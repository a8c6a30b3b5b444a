"""``sync``: this folder brought to the broker's newest generation, with its views."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click

from ..errors import BrokerError, LaptopError
from ..files import write_atomic
from ..foreign.dataset_choice import DatasetChoice
from ..foreign.laptop_note import LAPTOP_VARIABLE, render_note
from ..foreign.text import shown
from ..portable import IS_WINDOWS
from .amounts import amount, size_of
from .announcement import MANIFEST_ALONE, ask, offered_in
from .choice import TableChoice, read_choice, write_choice
from .dry_run import foreseen, foreseen_return
from .freshness import stale
from .history.going_back import go_to, is_kept, sentence
from .history.moments import LATEST
from .last_sync import LastSync, read_last_sync, write_last_sync
from .outcome import SyncOutcome, went_back
from .passed_choice import followed, keep_choice, kept_choice, laptop_note, offered_choice
from .plan import SyncPlan
from .pull import Pull, Pulled
from .screen import Meter, say, say_json, warn
from .sessions.collect import collect, kept_names
from .showing import show_generation
from .starting import sync_line
from .transfer import FileSource, name_of, open_source, remembered_name
from .trust import take_next_key
from .turn import my_turn
from .upkeep import take_over
from .user_files import push
from .wording import as_facts, lines_of, rounded_up, words_of
from .workspace import Workspace

__all__ = ["sync"]

_LIMIT = "1 GB"
_STALE = 3
_TOO_MUCH = 4
_UPDATED = "BROKER_UPDATED"
_ALL = "all"


class _RenewedError(Exception):
    """The program was renewed: it has to be started anew. Nothing failed."""


class TooMuchError(LaptopError):
    """More would be fetched than was allowed, with no terminal to ask on."""

    exit_code = _TOO_MUCH


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How a sync was called."""

    host: str | None
    push: bool
    sftp: bool
    dry_run: bool
    quiet: bool
    verbose: bool
    as_json: bool
    limit: str | None
    generation: str | None
    datasets: tuple[str, ...]
    without: tuple[str, ...]
    tables: tuple[str, ...]


@click.command()
@click.argument("host", required=False)
@click.option("--push", is_flag=True, help="Send user/ back to the broker afterwards.")
@click.option("--sftp", is_flag=True, help="Fetch by sftp, as where there is no rsync.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched, and why; change nothing.")
@click.option("--dataset", "datasets", multiple=True, metavar="NAME", help="Have this one again.")
@click.option("--without", multiple=True, metavar="NAME", help="Leave out a dataset, from now on.")
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help="Have these tables alone, from now on; 'all' for every one again.",
)
@click.option(
    "--generation",
    metavar="ID",
    help="One that is kept here, or the broker's: its id, 'previous' or 'latest'.",
)
@click.option("--limit", metavar="SIZE", help=f"Ask before more is fetched. {_LIMIT} by default.")
@click.option("--quiet", is_flag=True, help="Say nothing unless something is not as it should be.")
@click.option("--verbose", is_flag=True, help="Say of each table how it comes.")
@click.option("--json", "as_json", is_flag=True, help="Say it for a program, on one line.")
@click.pass_obj
def sync(workspace: Workspace, /, **words: Any) -> int:
    """Bring this folder to the broker's newest generation, and rebuild the views.

    HOST is the broker as ssh takes it (anna@broker.example.com), or a folder; it is remembered.

    Exit codes: 0 all is well, 1 failed and what you had is untouched, 2 wrong usage, 3 synced but
    some tables are older than they should be, 4 more than the limit would be fetched, 75 another
    sync is running here.
    """
    return _Sync(workspace, SyncOptions(**words)).run()


class _Sync:
    """One run of it."""

    def __init__(self, workspace: Workspace, options: SyncOptions) -> None:
        self._workspace = workspace
        self._options = options
        self._started = time.monotonic()
        self._moved = 0
        self._returning: set[str] = set()  # datasets that were not left out
        self._phases: dict[str, float] = {}
        self._meter = Meter(is_shown=not (options.quiet or options.as_json))

    def run(self) -> int:
        try:
            return self._run()
        except _RenewedError:  # the turn has ended by then
            return self._start_anew()

    def _run(self) -> int:
        size_of(self._options.limit or _LIMIT)
        kept = self._options.generation
        if kept is not None and is_kept(self._workspace, kept):
            return self._go_back(kept)
        with my_turn(self._workspace) as lock:
            try:
                with closing(self._source(lock)) as source:
                    return self._pull(source)
            except (BrokerError, OSError) as error:
                with suppress(OSError):  # the disk may be full
                    self._keep(error=shown(error, 1_000))
                raise

    def _go_back(self, kept: str) -> int:
        """To a generation that is kept here: nothing of the broker is needed."""
        options = self._options
        others = {
            "HOST": options.host,
            "--push": options.push,
            "--dataset": options.datasets,
            "--without": options.without,
            "--table": options.tables,
        }
        for name, value in others.items():
            if value:
                raise click.UsageError(
                    f"{name} cannot be combined with a generation that is kept here: nothing was "
                    "changed. Go back first, or sync first."
                )
        if options.dry_run:
            return self._show_plan(foreseen_return(self._workspace, kept))
        with my_turn(self._workspace):
            manifest = go_to(self._workspace, kept)
        if options.as_json:
            say_json(went_back(manifest))
        self._say(sentence(manifest))
        return 0

    def _pull(self, source: FileSource) -> int:
        options, workspace = self._options, self._workspace
        self._clear_log()
        own = read_choice(workspace.choice)
        self._collect(own)
        if not options.dry_run:
            self._note(workspace)
        self._moved += ask(workspace, source)
        if not options.dry_run:
            self._renew(source)
        self._ended("asking the broker")
        passed = offered_choice(workspace)
        own = self._chosen_here(own, passed)
        choice = followed(own, passed)
        self._say_followed(choice, passed)
        tables = tuple(name for name in options.tables if name != _ALL)
        typed = TableChoice(without=(*options.without, *self._returning), tables=tables)
        older = options.generation if options.generation != LATEST else None
        pull = Pull(workspace, source, choice, self._accept, older, typed)
        if options.dry_run:
            return self._show_plan(foreseen(pull))
        pulled = pull.run()
        self._moved += pulled.brought.moved
        self._remember(source, own)
        keep_choice(workspace, passed)
        self._ended("data")
        show_generation(workspace, pulled.manifest, pulled.tree)
        self._ended("views")
        self._keep(pulled)
        self._answer(source)
        left_out = push(workspace, source, self._sendable(choice)) if options.push else []
        return self._end(pulled, left_out)

    def _ended(self, phase: str) -> None:
        """Note how many seconds a phase took: from the end of the one before."""
        passed = time.monotonic() - self._started
        self._phases[phase] = passed - sum(self._phases.values())

    def _collect(self, choice: TableChoice) -> None:
        """Keep the transcripts of agents where that is wanted; first, so also without a network."""
        if choice.sessions != "none" and not self._options.dry_run:
            for problem in collect(self._workspace, os.environ):
                warn(f"broker: {problem}")

    def _sendable(self, choice: TableChoice) -> Collection[str]:
        return kept_names(self._workspace) if choice.sessions == "broker" else ()

    def _renew(self, source: FileSource) -> None:
        """Take the broker's next key and newer files of this program, where they are signed."""
        key = take_next_key(self._workspace, offered_in(self._workspace))
        if key is not None:
            warn(
                f"broker: {source.name} signs with another key from now on, as the one before "
                f"says: {key}"
            )
        if _UPDATED not in os.environ and take_over(self._workspace, source):
            raise _RenewedError

    def _source(self, lock: int) -> FileSource:
        host = self._options.host
        name = name_of(host) if host else remembered_name(self._workspace)
        return open_source(
            name, self._workspace, lock, self._meter.show, self._say, by_sftp=self._options.sftp
        )

    def _keep(self, pulled: Pulled | None = None, error: str | None = None) -> None:
        """Let ``status`` know how this ended."""
        if self._options.dry_run:
            return
        before = read_last_sync(self._workspace) or LastSync(datetime.now(UTC))
        last = LastSync(
            datetime.now(UTC),
            generation=pulled.manifest.generation if pulled else before.generation,
            error=error,
            news_of=before.news_of,
            news=before.news,
        )
        if pulled is not None and pulled.news:
            last = replace(last, news_of=pulled.manifest.generation, news=pulled.news)
        write_last_sync(self._workspace, last)

    def _clear_log(self) -> None:
        (self._workspace.state / "rsync.log").write_text("")

    def _start_anew(self) -> int:
        """Go on with the program that has just arrived, and what it needs."""
        self._say("the scripts have been updated, going on with the new ones")
        sys.stdout.flush()
        os.environ[_UPDATED] = "yes"
        line = [*sync_line(self._workspace.scripts), *sys.argv[sys.argv.index("sync") + 1 :]]
        if not IS_WINDOWS:  # where no process takes the place of another
            os.execvp(line[0], line)  # noqa: S606  no shell is wanted
        return subprocess.run(line, check=False).returncode

    def _chosen_here(self, own: TableChoice, passed: DatasetChoice | None) -> TableChoice:
        """What was typed, added to what this folder goes by. With a dataset it decides itself."""
        options = self._options
        left_out = {*followed(own, passed).left_out}
        self._returning = {*options.datasets} - left_out
        if options.datasets or options.without:
            left_out = (left_out - {*options.datasets}) | {*options.without}
            own = replace(own, without=tuple(sorted(left_out)))
        if options.tables:
            named = () if _ALL in options.tables else tuple(sorted(options.tables))
            own = replace(own, tables=named)
        return own

    def _say_followed(self, choice: TableChoice, passed: DatasetChoice | None) -> None:
        """A line where the portal has a choice that is new here, or does not count here."""
        if passed is None or passed == kept_choice(self._workspace):
            return
        if not choice.is_passed:
            self._say("datasets: as broker.toml says; the choice in the portal does not count here")
            return
        names = ", ".join(shown(name) for name in passed.without)
        self._say(f"datasets: as chosen in the portal, {f'without {names}' if names else 'all'}")

    def _note(self, workspace: Workspace) -> bool:
        """Have what this folder says of itself go with each connection; whether that is new."""
        line = render_note(laptop_note(workspace))
        is_new = os.environ.get(LAPTOP_VARIABLE) != line
        os.environ[LAPTOP_VARIABLE] = line
        return is_new

    def _answer(self, source: FileSource) -> None:
        """Let the broker know what is here now. Where that fails, the next sync says it."""
        if self._note(self._workspace):
            with suppress(LaptopError):
                source.fetch([MANIFEST_ALONE], offered_in(self._workspace))

    def _remember(self, source: FileSource, choice: TableChoice) -> None:
        """Once all has worked: a name that was misspelt must not take the place of a good one."""
        write_atomic(self._workspace.state / "host", f"{source.name}\n", mode=0o644)
        if choice != TableChoice() or self._workspace.choice.exists():
            write_choice(self._workspace.choice, choice)

    def _accept(self, plan: SyncPlan) -> None:
        """Say what comes, and have it allowed where it is much."""
        self._say(words_of(plan))
        if self._options.verbose:
            self._say(*lines_of(plan))
        for path in plan.gone:
            self._say(f"{path} will not be here any more")
        limit = size_of(self._options.limit or read_choice(self._workspace.choice).limit or _LIMIT)
        self._meter.begin(plan.bytes)
        if plan.bytes <= limit:
            return
        question = f"{amount(plan.bytes)} would be fetched"
        if sys.stdin.isatty() and sys.stderr.isatty() and not self._options.quiet:
            if click.confirm(f"{question}. Go on?", err=True):
                return
            raise TooMuchError(question, remedy="Nothing was changed here.")
        raise TooMuchError(
            f"{question}, and more than {amount(limit)} needs a word of yours",
            remedy=f"Nothing was changed here. Sync with --limit {rounded_up(plan.bytes)}, "
            "or leave out a dataset with --without NAME.",
        )

    def _show_plan(self, plan: SyncPlan) -> int:
        """Say what would be done."""
        if self._options.as_json:
            say_json(as_facts(plan))
            return 0
        say(words_of(plan), *lines_of(plan))
        for path in plan.gone:
            say(f"{path}: removed here")
        return 0

    def _end(self, pulled: Pulled, left_out: list[str]) -> int:
        options = self._options
        outcome = SyncOutcome(
            pulled,
            self._moved,
            time.monotonic() - self._started,
            self._phases,
            left_out,
            stale(pulled.manifest, datetime.now(UTC)),
        )
        if options.as_json:
            say_json(outcome.facts)
        for path in pulled.brought.fallbacks:
            warn(f"broker: {path} could not be made from its change file; it was fetched whole")
        for path in left_out:
            self._say(f"not sent: {path}")
        if options.verbose:
            self._say(outcome.phases_line)
        self._say(outcome.line)
        if not options.as_json:
            warn(*(f"broker: {trouble}" for trouble in outcome.stale))
        return _STALE if outcome.stale else 0

    def _say(self, *lines: str) -> None:
        self._meter.clear()
        if not (self._options.quiet or self._options.as_json):
            say(*lines)
