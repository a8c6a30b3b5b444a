"""Hold a generation to its manifest: every file there, of its size and sha256, and no other.

Standard library only, Python 3.9 or later: it runs on analysts' laptops.

verify.py files TREE         print the path of each file that is wrong, and exit 1 if one is
verify.py sizes TREE         the same without hashing
verify.py plan OFFERED TREE  say how much of the manifest in OFFERED is not in TREE yet
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

__all__ = ["listed_files", "plan", "read_manifest", "wrong_files"]

OWN = {"manifest.json", "manifest.json.sig"}
CHUNK_BYTES = 1 << 20
SPARE_BYTES = 64 << 20


def read_manifest(tree: Path) -> dict[str, Any]:
    """The manifest of a generation's folder."""
    manifest: dict[str, Any] = json.loads((tree / "manifest.json").read_bytes())
    return manifest


def listed_files(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every file that the manifest answers for, by its path in the tree."""
    listed = list(manifest.get("documents", []))
    for table in manifest["tables"]:
        extra = [table.get("reject_file"), table.get("change")]
        listed += [*table["files"], *(file for file in extra if file)]
    return {file["path"]: file for file in listed}


def wrong_files(tree: Path, *, sizes_only: bool = False) -> list[str]:
    """The paths that are missing, different, or not in the manifest; sorted."""
    listed = listed_files(read_manifest(tree))

    def differs(path: str) -> bool:
        return not _fits(tree / path, listed[path], sizes_only)

    with ThreadPoolExecutor(max_workers=4) as pool:
        wrong = {path for path, is_wrong in pool.map(lambda p: (p, differs(p)), listed) if is_wrong}
    return sorted(wrong | (_present(tree) - listed.keys() - OWN))


def _present(tree: Path) -> set[str]:
    return {
        (Path(folder) / name).relative_to(tree).as_posix()
        for folder, _, names in os.walk(tree)
        for name in names
    }


def _fits(path: Path, file: dict[str, Any], sizes_only: bool) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != file["bytes"]:
        return False
    return sizes_only or _sha256(path) == file["sha256"]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()


def plan(offered: Path, tree: Path) -> str:
    """How much there is to fetch, in words; raises ``OSError`` where the disk has no room."""
    manifest = read_manifest(offered)
    wanted = listed_files(manifest).values()
    known = set()
    if (tree / "manifest.json").is_file():
        known = {file["sha256"] for file in listed_files(read_manifest(tree)).values()}
    sizes = [file["bytes"] for file in wanted if file["sha256"] not in known]
    free = shutil.disk_usage(offered).free
    if sum(sizes) + SPARE_BYTES > free:
        raise OSError(
            f"the new data needs {sum(sizes) / 1e6:.0f} MB, "
            f"but only {free / 1e6:.0f} MB are left on this disk."
        )
    return (
        f"generation {manifest['generation']}: "
        f"{len(sizes)} of {len(wanted)} files are new, {sum(sizes) / 1e6:.1f} MB"
    )


def main(verb: str, *folders: str) -> int:
    """The command line."""
    if verb == "plan":
        sys.stdout.write(plan(*map(Path, folders)) + "\n")
        return 0
    wrong = wrong_files(Path(folders[0]), sizes_only=verb == "sizes")
    sys.stdout.writelines(f"{path}\n" for path in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f"sync_data: {error}")
