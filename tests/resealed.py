"""Consistent forgeries: a published folder whose files were changed, with a manifest that fits them again."""

import json
from pathlib import Path

from seqtwin.cards import sealed_text
from seqtwin.files import MANIFEST, sha256


def reseal(folder: Path) -> None:
    """Give a folder a manifest that fits its files, with a seal that fits the manifest."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest.pop("sha256", None)
    for name in manifest["files"]:
        path = folder / name
        manifest["files"][name] = {"sha256": sha256(path), "bytes": path.stat().st_size}
    (folder / MANIFEST).write_text(sealed_text(manifest), encoding="utf-8")
