"""Folders in which nothing is left to do: encoders, indexes, published trainings, exports."""

from pathlib import Path

from seqtwin.files import MANIFEST
from seqtwin.paths import INDEX_CARD
from seqtwin.progress.driver import who_drives
from seqtwin.progress.peek import changed, peek
from seqtwin.progress.study_stages import pairing_of, published_task
from seqtwin.progress.work_status import Stage, Status

# the name of a file, and what a folder with it is
KINDS = {
    "encoder.json": "a trained encoder", "onnx.json": "an exported encoder", "reranker.json": "a re-ranker",
    "modules.json": "an encoder for sentence-transformers", INDEX_CARD: "an index",
}  # fmt: skip
PUBLISHED = {
    "round": "a short training of a quick study", "tuning": "the tuning of one pairing",
    "remains": "what a training left that diverged",
}  # fmt: skip
TRAINED = {"finished": "a finished training", "collapsed": "a training whose vectors are all alike"}


def finished_status(folder: Path) -> Status | None:
    """The status of a folder that is complete; None for one of another kind."""
    manifest = peek(folder / MANIFEST)
    if manifest is not None and manifest.get("kind") == "cell":
        return _trained(folder)
    if (folder / INDEX_CARD).exists():
        return _index(folder)
    words = PUBLISHED.get(str((manifest or {}).get("kind")), "")
    words = words or next((kind for name, kind in KINDS.items() if (folder / name).exists()), "")
    if not words and manifest is None:
        return None
    last = changed(folder / MANIFEST) or changed(folder)
    return Status(
        folder, "finished folder", "finished", f"{words or 'a published folder'}; nothing is left to do", last=last
    )


def _trained(folder: Path) -> Status:
    task = published_task(folder, pairing_of(folder.name))
    words = TRAINED.get(task.result, f"a training without a result ({task.result})")
    return Status(
        folder,
        "training",
        "finished",
        f"{words}; nothing is left to do",
        (Stage("trainings", (task,), 1),),
        last=task.published,
    )


def _index(folder: Path) -> Status:
    driver = who_drives(folder)
    if driver.runs:
        return Status(folder, "index", "running", "an index that a process is changing", driver=driver)
    last = changed(folder / INDEX_CARD)
    return Status(folder, "index", "finished", "an index; nothing is left to do", last=last)
