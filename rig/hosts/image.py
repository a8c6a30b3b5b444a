"""Hosts that were prepared once: their disks are kept, and others boot from them in seconds."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import base, disk, places
from .host import Host
from .releases import Release
from .run import Run
from .shell import HostError, locked

__all__ = ["Image", "ensure"]


@dataclass(frozen=True)
class Image:
    """The disk that a prepared host left, and what was below it. Nothing writes to it again."""

    folder: Path
    release: Release
    parent: Image | None = None

    @property
    def disks(self) -> list[Path]:
        """Its own disk and those below it, topmost first."""
        below = self.parent.disks if self.parent else []
        return [disk.own(self.folder), *below]


def ensure(
    run: Run,
    name: str,
    release: Release,
    *,
    key: str,
    prepare: Callable[[Host], None],
    say: Callable[[str], None] | None = None,
    parent: Image | None = None,
) -> Image:
    """The image of this name, made with ``prepare`` unless it is there; others wait for it.

    ``key`` names all that decides what ``prepare`` leaves: another key makes another image, and
    older ones of the name are removed. A host of ``run`` is prepared, from ``parent`` or from the
    base. A preparation that failed is not tried again in this run: all hear why it did.
    """
    say = say or _say
    below = parent.folder.name if parent else base.ensure(release, say).name
    digest = hashlib.sha256(f"{below} {key}".encode()).hexdigest()[:12]
    image = Image(places.images() / f"{name}-{release}-{digest}", release, parent)
    failure = run.folder / f"{image.folder.name}.failed"
    with locked(places.images() / f"{name}-{release}.lock"):
        if failure.exists():
            raise HostError(failure.read_text())
        if not image.folder.is_dir():
            try:
                _make(run, image, prepare, say)
            except HostError as error:
                failure.write_text(str(error))
                raise
            _remove_older(image)
    return image


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _make(
    run: Run, image: Image, prepare: Callable[[Host], None], say: Callable[[str], None]
) -> None:
    say(f"preparing the image {image.folder.name}")
    name = image.folder.name.rpartition("-")[2]
    host = run.boot(
        f"image-{name}", image.release, disks=image.parent.disks if image.parent else ()
    )
    try:
        prepare(host)
    except HostError as error:
        raise HostError(f"{error}\n{host.journal()}") from error
    run.keep_disk(host.name, image.folder)


def _remove_older(image: Image) -> None:
    """A disk that is a file stays readable for hosts that still have it mounted."""
    name, _, _ = image.folder.name.rpartition("-")
    for other in places.images().glob(f"{name}-????????????"):
        if other != image.folder:
            disk.remove(other)
