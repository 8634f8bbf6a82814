"""A published study cell to be explained: its config, its dev value, and the study cells it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seqtwin.config import RunConfig, read_run
from seqtwin.errors import ConfigError
from seqtwin.files import MANIFEST, verify
from seqtwin.json_values import Json
from seqtwin.metrics import chance_of
from seqtwin.published import (
    CONFIG,
    DIAGNOSTICS,
    FACTS,
    SCORES,
    CellManifest,
    Diagnostics,
    Facts,
    Scores,
    read_diagnostics,
    read_facts,
    read_manifest,
    read_scores,
)


@dataclass(frozen=True)
class Case:
    """One published study cell. `primary`: the metric that decides."""

    folder: Path
    manifest: CellManifest
    config: RunConfig
    scores: Scores
    facts: Facts | None
    diagnostics: Diagnostics
    primary: str

    @property
    def id(self) -> str:
        """The readable name."""
        return str(self.manifest["id"])

    @property
    def value(self) -> float:
        """The primary metric on dev; without one, its chance level, or 0 if that depends on the data."""
        value = self.scores["dev"].get(self.primary)
        return chance_of(self.primary) or 0.0 if value is None else float(value)

    @property
    def data(self) -> tuple[str, str]:
        """Hashes of the data and of the split; empty where they are not known."""
        return ("", "") if self.facts is None else (self.facts["data_hash"], self.facts["split_hash"])

    @property
    def tuned(self) -> Mapping[str, Json]:
        """The settings that tuning changed."""
        tuning = self.manifest.get("tuning")
        return {} if tuning is None else tuning["changes"]

    def number(self, name: str) -> float:
        """A diagnostic by name; nan if it is undefined."""
        value = self.diagnostics.get(name)
        return float("nan") if value is None else value


def read_case(folder: Path) -> Case:
    """The published study cell (or run) in a folder.

    Raises: ConfigError when the folder contains none; DamagedError when one of its files is missing or changed.
    """
    needed = (MANIFEST, CONFIG, SCORES)
    absent = [name for name in needed if not (folder / name).is_file()]
    if absent:
        cause = f"no finished study cell in this folder: {absent[0]} is missing"
        remedy = "give a folder such as runs/NAME/cells/ID, or one that `seqtwin train` wrote"
        raise ConfigError("NO_CELL", cause, place=str(folder), remedy=remedy)
    verify(folder, only=(CONFIG, SCORES, FACTS, DIAGNOSTICS))
    manifest, scores = read_manifest(folder), read_scores(folder)
    manifest.setdefault("id", folder.name)
    facts = read_facts(folder) if (folder / FACTS).exists() else None
    diagnostics = read_diagnostics(folder) if (folder / DIAGNOSTICS).exists() else {}
    return Case(folder, manifest, read_run(folder / CONFIG), scores, facts, diagnostics, scores["primary"])


def siblings(case: Case) -> list[Case]:
    """The other study cells of its study that were judged on the same data by the same metric, sorted by name."""
    folders = sorted(path.parent for path in case.folder.resolve().parent.glob(f"[!.]*/{SCORES}"))
    others = [read_case(folder) for folder in folders if folder.name != case.folder.resolve().name]
    return [other for other in others if other.data == case.data and other.primary == case.primary]


def settings(case: Case) -> dict[str, Json]:
    """The config by dotted key, without data, seed, device and threads; parts such as the loss are one value each."""
    raw = case.config.model_dump(mode="json", exclude={"data"})
    flat: dict[str, Json] = {}
    for section, value in raw.items():
        inner = value if section in ("tokens", "encoder", "fit") else None
        flat |= {section: value} if inner is None else {f"{section}.{key}": inner[key] for key in inner}
    return {key: value for key, value in flat.items() if key not in ("fit.seed", "fit.device", "fit.threads")}


def same_pairing(one: Case, other: Case) -> bool:
    """Whether two study cells differ only in their seed."""
    return one.config.fit.seed != other.config.fit.seed and settings(one) == settings(other)
