"""The store: what is published, and everything that may happen to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..classes import PUBLIC
from ..errors import PublishError
from ..files import fsync_dir, lock, make_dir
from ..manifest import NO_CLASS, Audience
from ..mark import require_store
from .approvals import Approvals
from .audiences import record, wanted
from .build import Builder, Describe
from .cataloging import catalog_later
from .readers import Memory, Readers, Widening
from .render import schema_documents, with_metrics
from .retention import Candidate, PruneRule, expired, in_use, removable
from .sign import Signer
from .staging import PUBLISH_WAIT_SECONDS, PUBLISHING, Staging, require_space
from .store_layout import Generation, StoreLayout, next_id, publish_errors, taken_at
from .tree import FOLDER_MODE, PASSAGE_MODE, Rights, TreeBuilder
from .verify import Defect, verify, verify_catalogs

__all__ = ["Store"]

_RESERVE = 256 * 2**20


class Store:
    """Generations below one folder. Making one touches nothing on the disk."""

    def __init__(
        self,
        root: Path,
        groups: Mapping[str, int] | None = None,
        signing_key: Path | None = None,
        *,
        operators: int | None = None,
        catalog: int | None = None,
        reserve_bytes: int = _RESERVE,
    ) -> None:
        """``groups`` maps each access class to a group id; None means no groups (a laptop).

        ``operators`` is the group of what spans classes, ``catalog`` that of who serves catalogs;
        the caller's own unless they are given.
        ``reserve_bytes`` must be free before a run may begin.
        """
        self.layout = StoreLayout(root)
        own = os.getegid()
        self.rights = Rights(
            groups,
            own if operators is None else operators,
            own,
            own if catalog is None else catalog,
        )
        self._signing_key = signing_key
        self._reserve = reserve_bytes

    @property
    def root(self) -> Path:
        """The folder that ``--data`` names."""
        return self.layout.root

    @property
    def approvals(self) -> Approvals:
        """What a person approved."""
        return Approvals(self.layout.approvals, self.prepare)

    def current(self) -> Generation | None:
        """What is published; None only if nothing ever was. Hold on to it: it never changes.

        Raises ``PublishError`` where the host knows another store, as every look and act does.
        """
        with publish_errors(self.root):
            require_store(self.root)
            current = self.layout.current_id()
            return None if current is None else self.layout.generation(current)

    def generation(self, generation_id: str | None = None) -> Generation:
        """One generation, or the current one; raises ``PublishError`` if there is none."""
        if generation_id is not None:
            with publish_errors(self.root):
                require_store(self.root)
                return self.layout.generation(generation_id)
        current = self.current()
        if current is None:
            raise PublishError(
                "nothing was published yet", where=str(self.root), remedy="Run `broker sync` first."
            )
        return current

    def generations(self) -> list[Generation]:
        """All of them, oldest first; ones newer than ``current`` were rolled back from."""
        with publish_errors(self.root):
            require_store(self.root)
            return [self.layout.generation(name) for name in self.layout.ids()]

    def before(self, generation: Generation) -> Generation | None:
        """The generation that this one went on from; the next older one where that is gone.

        One that was rolled back from is older as well, and nothing went on from it. Where the
        manifest cannot be read, only the names are known.
        """
        last = None
        with suppress(PublishError):
            last = generation.manifest.previous
        with publish_errors(self.root):
            names = [one for one in self.layout.ids() if one < generation.id]
        older = [one for one in names if last is None or one <= last]
        return self.layout.generation(older[-1]) if older else None

    def begin(self, run_id: str | None = None, *, now: datetime | None = None) -> Staging:
        """Start a run: take the lock, clear what dead runs left, make sure of space and key.

        ``run_id`` is noted in the manifest. Raises ``LockedError`` while another run goes on.
        """
        with ExitStack() as stack, publish_errors(self.root):
            self.prepare()
            stack.enter_context(lock(self.layout.run_lock, purpose=PUBLISHING))
            with self._publishing():
                self.layout.sweep()
                signer = self._signer()
            require_space(self.root, self._reserve, where=str(self.root))
            new_id = next_id(now or datetime.now(UTC), max(self.layout.ids(), default=None))
            last = self._last()
            staging = Staging(
                id=new_id,
                previous=last,
                memory=self._memory(last, lambda one: one.memory),
                run=run_id,
                layout=self.layout,
                rights=self.rights,
                signer=signer,
                closing=ExitStack(),
            )
            make_dir(staging.folder, mode=0o700)
            stack.callback(self._abandon, staging.folder)
            make_dir(staging.path, mode=0o700)
            fsync_dir(self.layout.staging)
            staging.closing.push(stack.pop_all())
            return staging

    def rollback(
        self, generation_id: str | None = None, describe: Describe = schema_documents
    ) -> Generation:
        """Point ``current`` at an older generation, or at the one before the current.

        Views that came into use since are built there first. Raises ``PublishError`` if that
        generation is not whole, or lets more people read a table than now without an approval
        of that; ``LockedError`` while a run goes on.
        """
        with self._everything():
            target = self._rollback_target(generation_id)
            defects = verify(target, self.rights, self.layout.signers, content=False)
            if defects:
                raise PublishError(
                    "this generation is not whole",
                    where=target.id,
                    found=f"{defects[0].path} {defects[0].problem}",
                    remedy="`broker verify` lists everything; choose another generation.",
                )
            approvals = self.approvals
            widenings = self.widenings(target)
            refused = [one for one in widenings if not approvals.of(one.id).fits(one)]
            if refused:
                raise _more_readers(target, refused)
            self._build_views(target, describe)
            self.layout.flip(target.id)
            with suppress(PublishError):  # each was for this pair of generations alone
                approvals.use_up_readers(one.id for one in widenings)
            return target

    def widenings(self, target: Generation) -> list[Widening]:
        """The tables that more people could read than now, if this generation were current."""
        current = self.layout.current_id()
        now, then = self._memory(self.current(), _as_far_as_known), target.memory
        found = []
        for entry in target.manifest.tables:
            if entry.access == NO_CLASS:
                continue
            after = then.tables.get(entry.id, Readers(entry.access))
            places = frozenset(at for at, known in then.places.items() if entry.id in known)
            before = now.narrower(entry.id, places, after)
            widening = Widening(entry.id, before, after, f"{current} {target.id}")
            found += [widening] if before else []
        return found

    def expose(
        self, audiences: Iterable[Iterable[str]], describe: Describe = schema_documents
    ) -> list[Audience]:
        """See to it that these audiences have a view, now and in every later generation.

        An audience is the classes that some analyst holds. Views that are missing in
        the current generation are built aside and renamed into it; nothing that stands is touched,
        and a run may go on meanwhile. Returns the audiences whose view was built.
        """
        with publish_errors(self.root):
            self.prepare()
            with self._publishing():
                record(self.layout, self.rights, map(Audience.of, audiences))
                current = self.current()
                return self._build_views(current, describe) if current else []

    def prune(self, policy: PruneRule, now: datetime | None = None) -> list[str]:
        """Take away what the policy no longer keeps; returns the ids, oldest first."""
        now = now or datetime.now(UTC)
        with publish_errors(self.root):
            self.prepare()
            with self._publishing():
                return self._prune(policy, now)

    def verify(self, generation_id: str | None = None, *, content: bool = True) -> list[Defect]:
        """Everything that is not as published, by default in the current generation."""
        generation = self.generation(generation_id)
        with publish_errors(generation.path):
            defects = verify(generation, self.rights, self.layout.signers, content=content)
            return [*defects, *verify_catalogs(generation, self.rights, content=content)]

    def _last(self) -> Generation | None:
        """What the next generation goes on from; unreadable stops the run before it starts."""
        last = self.current()
        if last is not None:
            _ = last.manifest
        return last

    def _memory(self, current: Generation | None, read: Callable[[Generation], Memory]) -> Memory:
        """Who could read what: of the current generation as ``read``, else of others.

        Those after it were rolled back from; those before count where an older release wrote it,
        or where it cannot be read.
        """
        if current is None:
            return Memory()
        memory, is_complete = read(current), _remembers(current)
        for one in reversed(self.generations()):
            if one.id > current.id:
                memory = memory.filled(_as_far_as_known(one))
            elif one.id < current.id and not is_complete:
                memory, is_complete = memory.filled(_as_far_as_known(one)), _remembers(one)
        return memory

    def _prune(self, policy: PruneRule, now: datetime) -> list[str]:
        candidates = self._candidates()
        for candidate in candidates:
            if candidate.superseded_at is None and not candidate.is_current:
                (self.layout.superseded / candidate.id).touch(mode=0o600)
        past = expired(candidates, policy, now)
        removed = []
        for candidate in removable(candidates, policy, now):
            lacks_space = shutil.disk_usage(self.root).free < policy.min_free_bytes
            if candidate.id in past or lacks_space:
                self.layout.remove(candidate.id)
                removed.append(candidate.id)
        return removed

    def _candidates(self) -> list[Candidate]:
        current, used = self.layout.current_id(), in_use(self.layout.generations)
        return [
            Candidate(
                id=name,
                taken_at=taken_at(name),
                is_current=name == current,
                is_good=_is_good(self.layout.generation(name)),
                superseded_at=self.layout.superseded_at(name),
                in_use=name in used,
            )
            for name in self.layout.ids()
        ]

    def _rollback_target(self, generation_id: str | None) -> Generation:
        if generation_id is not None:
            return self.layout.generation(generation_id)
        current = self.layout.current_id()
        before = None if current is None else self.before(self.layout.generation(current))
        if before is None:
            raise PublishError(
                "there is no older generation to go back to", where=str(self.layout.generations)
            )
        return before

    def _build_views(self, generation: Generation, describe: Describe) -> list[Audience]:
        """Build the missing views of a generation, each renamed into it when it is whole.

        Their catalogs before them: a view whose catalog is missing is not whole.
        """
        self._build_catalogs(generation)
        missing = [a for a in wanted(self.layout, self.rights) if not generation.view(a).is_dir()]
        folder = self.layout.staging / f"views-{generation.id}"
        if missing:
            describe = with_metrics(describe, generation.metrics)
        for audience in missing:
            make_dir(folder, mode=0o700)
            tree = TreeBuilder(folder, self.rights, None)
            Builder(tree, describe, self._signer()).view(
                generation.path, generation.manifest, audience
            )
            tree.sync()
            _join(folder, generation.path, audience)
            shutil.rmtree(folder)
        return missing

    def _build_catalogs(self, generation: Generation) -> None:
        """Build the missing catalogs of a generation, in the same way."""
        audiences = wanted(self.layout, self.rights)
        folder = self.layout.staging / f"catalog-{generation.id}"
        for audience in audiences:
            if (generation.catalog / audience.path).is_dir():
                continue
            if not catalog_later(folder, generation, audience, audiences, self.rights):
                return
            if not generation.catalog.exists():
                make_dir(generation.catalog, mode=FOLDER_MODE, gid=self.rights.catalog)
            _join(folder, generation.catalog, audience)
            shutil.rmtree(folder)

    def _signer(self) -> Signer:
        key = self._signing_key
        signer = Signer.own(self.root / ".keys") if key is None else Signer(key)
        signer.export(self.layout.signers)
        return signer

    @contextmanager
    def _everything(self) -> Iterator[None]:
        """Hold both locks: no other process makes or moves anything."""
        with publish_errors(self.root):
            self.prepare()
            with lock(self.layout.run_lock, purpose=PUBLISHING), self._publishing():
                self.layout.sweep()
                yield

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        with lock(self.layout.publish_lock, purpose=PUBLISHING, wait_seconds=PUBLISH_WAIT_SECONDS):
            yield

    def _abandon(self, folder: Path) -> None:
        with self._publishing():
            if folder.exists():
                self.layout.sweep()

    def prepare(self) -> None:
        """Make the folders of the store: every write into it comes after this.

        Raises ``PublishError`` for a caller who does not own it, root included: what root
        writes stands in the way of the next sync.
        """
        with publish_errors(self.root):
            self._make_folders()

    def _make_folders(self) -> None:
        require_store(self.root)
        if not self.root.exists():
            self.root.parent.mkdir(parents=True, exist_ok=True)
            # Where a person chose the folder: operators list it, and anyone can reach the public
            # keys. A deploy makes that of a host first, which analysts and the portal enter.
            make_dir(self.root, mode=0o2751, gid=self.rights.operators)
        self._check_caller()
        make_dir(self.layout.generations, mode=PASSAGE_MODE, gid=self.rights.gid(PUBLIC))
        make_dir(self.layout.catalogs, mode=FOLDER_MODE, gid=self.rights.catalog)
        make_dir(self.layout.staging, mode=0o700)
        make_dir(self.layout.superseded, mode=0o700)
        make_dir(self.layout.approvals, mode=0o700)

    def _check_caller(self) -> None:
        """Files of another owner could not be linked or given to a group in the next run."""
        if self.root.stat().st_uid != os.geteuid():
            raise PublishError(
                "only the owner of the store may write into it",
                where=str(self.root),
                expected=f"user id {self.root.stat().st_uid}",
                found=f"user id {os.geteuid()}",
                remedy="Run it as that user; on a broker host, type it as root.",
            )
        classes = (self.rights.groups or {}).values()
        if self.rights.operators in classes:
            raise PublishError(
                "the operators' group must not be the group of an access class",
                found=f"group id {self.rights.operators}",
                remedy="Give the broker a primary group of its own.",
            )
        missing = {self.rights.operators, *classes} - {os.getegid(), *os.getgroups()}
        if missing and os.geteuid() != 0:
            raise PublishError(
                "the broker is not a member of every group that it gives files to",
                found=f"not in group id {', '.join(map(str, sorted(missing)))}",
                remedy="Add the user to these groups, then start the service again.",
            )


def _is_good(generation: Generation) -> bool:
    try:
        return generation.manifest.is_good
    except PublishError:
        return False


def _remembers(generation: Generation) -> bool:
    try:
        _ = generation.memory
        return generation.remembers
    except PublishError:
        return False


def _as_far_as_known(generation: Generation) -> Memory:
    """What a generation knows, or its manifest, or that it cannot be read."""
    with suppress(PublishError):
        return generation.memory
    unread = Memory(unread=(generation.id,))
    with suppress(PublishError):
        return generation.classes.filled(unread)
    return unread


def _more_readers(target: Generation, widenings: list[Widening]) -> PublishError:
    first = widenings[0]
    found = f"{first.id}: {first.words}"
    more = len(widenings) - 1
    return PublishError(
        "more people could read a table of this generation than now; nothing was changed",
        where=target.id,
        expected="no more readers than now, or an approval of exactly this",
        found=f"{found} (and {more:,} more tables)" if more else found,
        remedy=f"If that is right, run `broker approve {first.id} --generation {target.id}`"
        f"{' and the same for the others' if more else ''}, then roll back again.",
    )


def _join(folder: Path, generation: Path, audience: Audience) -> None:
    """Rename the uppermost missing folder into the generation, or into its catalogs."""
    path = Path()
    for part in Path(audience.path).parts:
        path = path / part
        if not (generation / path).exists():
            (folder / path).rename(generation / path)
            fsync_dir((generation / path).parent)
            return
