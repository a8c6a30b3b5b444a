"""A generation and its views, built from a manifest in a private folder."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..classes import VIEWS
from ..errors import PublishError
from ..manifest import Audience, DocumentEntry, Manifest
from .render import KeptDocument, RenderedDocument
from .sign import Signer
from .tree import PASSAGE_MODE, TreeBuilder, check_path, folder_classes
from .views import cut

__all__ = ["MANIFEST", "SIGNATURE", "TOPS", "Builder", "Describe", "leaves"]

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
TOPS = ("changes", "docs", "metadata", "parquet", "rejects")
_NOT_FOR_DOCUMENTS = {"changes", "parquet", "rejects", VIEWS}

# Documents written anew for each tree, from what its readers may know.
Describe = Callable[[Manifest], Mapping[str, bytes]]


def leaves(manifest: Manifest) -> dict[str, str | None]:
    """Every file that a manifest lists, with its class."""
    found: dict[str, str | None] = {entry.path: entry.access for entry in manifest.documents}
    for table in manifest.tables:
        found.update((file.path, table.access) for file in table.all_files)
    return found


@dataclass(frozen=True)
class Builder:
    """Fills a tree with what a manifest tells, lists the documents, and signs."""

    tree: TreeBuilder
    describe: Describe
    signer: Signer

    def whole(
        self,
        manifest: Manifest,
        documents: Mapping[str, RenderedDocument | KeptDocument],
        place_data: Callable[[TreeBuilder], None],
    ) -> Manifest:
        """The tree of everything, for operators; returns the manifest with documents listed."""
        own = self.describe(manifest)
        entries = [_listed(path, item) for path, item in documents.items()]
        listed = _with_documents(manifest, entries, own)
        self.tree.folders(dict.fromkeys(TOPS) | folder_classes(leaves(listed)))
        place_data(self.tree)
        for path, item in documents.items():
            if isinstance(item, KeptDocument):
                self.tree.keep(path, item.entry.access)
            else:
                self.tree.write(path, item.content, item.access)
        self._finish("", listed, own, None)
        return listed

    def view(self, whole: Path, manifest: Manifest, audience: Audience) -> None:
        """One audience's tree of links into ``whole``, whose manifest this is."""
        known = cut(manifest, audience)
        own = self.describe(known)
        shared = [entry for entry in manifest.documents if _sees(audience, entry)]
        listed = _with_documents(known, shared, own)
        base, owner = audience.path, audience.owner
        inside = [*TOPS, *folder_classes(leaves(listed))]
        self.tree.folders(dict(audience.passages()), mode=PASSAGE_MODE)
        self.tree.folders(dict.fromkeys([base, *(f"{base}/{path}" for path in inside)], owner))
        for path, access in leaves(listed).items():
            if access is not None:
                self.tree.link(f"{base}/{path}", whole / path, access)
        self._finish(f"{base}/", listed, own, owner)

    def _finish(
        self, base: str, manifest: Manifest, own: Mapping[str, bytes], access: str | None
    ) -> None:
        for path, content in own.items():
            self.tree.write(base + path, content, access)
        content = manifest.to_json()
        self.tree.write(base + MANIFEST, content, access)
        self.tree.write(base + SIGNATURE, self.signer.sign(content), access)


def _sees(audience: Audience, entry: DocumentEntry) -> bool:
    return entry.access is not None and audience.sees(entry.access)


def _listed(path: str, item: RenderedDocument | KeptDocument) -> DocumentEntry:
    if isinstance(item, KeptDocument):
        return item.entry
    return _entry(path, item.content, item.access)


def _entry(path: str, content: bytes, access: str | None) -> DocumentEntry:
    return DocumentEntry(path, len(content), hashlib.sha256(content).hexdigest(), access)


def _with_documents(
    manifest: Manifest, shared: list[DocumentEntry], own: Mapping[str, bytes]
) -> Manifest:
    """List the documents; raises ``PublishError`` where one cannot stand where it says."""
    entries = (*shared, *(_entry(path, content, None) for path, content in own.items()))
    count = Counter(entry.path for entry in entries)
    for path, times in count.items():
        check_path(path)
        parts = PurePosixPath(path).parts
        if times > 1 or len(parts) < 2 or parts[0] in _NOT_FOR_DOCUMENTS:
            raise PublishError(
                "a document may not have this path",
                expected="a path of its own in a folder such as docs/ or metadata/",
                found=path,
            )
    return replace(manifest, documents=entries)
