"""The prepared data of a study on the workers: each process gets them once, checks them, and keeps them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from seqtwin.cluster.worker_memory import keep_free_memory
from seqtwin.run.prepare import DataSets
from seqtwin.run.prepared_data import Ready

_of_studies: dict[str, DataSets] = {}


@dataclass(frozen=True)
class Parcel:
    """Prepared data on their way to a worker, with the fingerprints that the driver has computed."""

    prepared: Mapping[str, Ready]
    fingerprints: Mapping[str, str]

    @classmethod
    def of(cls, data: DataSets) -> "Parcel":
        """The data of a study."""
        return cls(dict(data.prepared), {key: fingerprint(ready) for key, ready in data.prepared.items()})


def fingerprint(ready: Ready) -> str:
    """The identity of prepared data: their rows and their splits, computed anew."""
    return f"{ready.data.fingerprint}/{ready.data.split_fingerprint}"


def equip(study: str, parcel: Parcel) -> list[str]:
    """Keep the data in this process; the names of the data sets that did not arrive as they were sent."""
    # tokenizers starts threads of its own, one per core, in every process
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    keep_free_memory()
    wrong = [key for key, ready in parcel.prepared.items() if fingerprint(ready) != parcel.fingerprints[key]]
    if not wrong:
        _of_studies.setdefault(study, DataSets()).prepared.update(parcel.prepared)
    return [parcel.prepared[key].data.name for key in wrong]


def data_of(study: str) -> DataSets | None:
    """The data of a study; None where this process has none, as one that has just started."""
    return _of_studies.get(study)


def unload(study: str) -> None:
    """Forget the data of a study."""
    _of_studies.pop(study, None)
