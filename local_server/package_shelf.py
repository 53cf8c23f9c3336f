"""The shelf: uploaded packages, checked to be whole, and laid out where a node can open them."""

import shutil
from pathlib import Path

from local_server.farm.errors import BadInput, Conflict, NotFound
from sync.blobs import Blobs, Digest
from sync.manifest import MANIFEST_BYTES_MAX, Manifest, parse_manifest
from sync.package import fetch_package

NAMED_MAX = 20


class PackageShelf:
    """Packages by the digest of their manifest; safe to use from several threads."""

    def __init__(self, folder: Path, blobs: Blobs) -> None:
        self.folder = folder
        self.blobs = blobs

    def check(self, digest: Digest) -> Manifest:
        """Return a package's manifest once all that it names is in the store.

        Raises Conflict `package_incomplete` with what is missing, and BadInput as `parse_manifest`.
        """
        manifest = self.read_manifest(digest)
        sizes = {entry.sha256: entry.size for entry in manifest.entries}
        found = {digest: self.blobs.size_bytes(digest) for digest in sizes}
        missing = [digest for digest, size in found.items() if size is None]
        if missing:
            named = ", ".join(missing[:NAMED_MAX])
            raise Conflict("package_incomplete", count=len(missing), missing=named)
        if any(found[entry.sha256] != entry.size for entry in manifest.entries):
            raise BadInput("manifest_damaged")
        return manifest

    def read_manifest(self, digest: Digest) -> Manifest:
        """Return the manifest that a blob is. Raises Conflict `package_incomplete`, BadInput."""
        size = self.blobs.size_bytes(digest)
        if size is None:
            raise Conflict("package_incomplete", count=1, missing=digest)
        if size > MANIFEST_BYTES_MAX:
            raise BadInput("manifest_damaged")
        return parse_manifest(self.blobs.read(digest))

    def lay_out(self, digest: Digest) -> Path:
        """Return the folder of a package, laid out if it was not.

        Raises Conflict `package_incomplete` and as `fetch_package` does.
        """
        target = self.folder / digest
        try:
            fetch_package(digest, self.blobs, target)
        except NotFound as error:
            raise Conflict("package_incomplete", count=1, missing=digest) from error
        return target

    def clear(self) -> None:
        """Remove what is laid out: before anything is at work, nobody needs it."""
        shutil.rmtree(self.folder, ignore_errors=True)
