"""From a study's config to its cells, with readable ids. Impossible pairings are refused here, equal cells merged."""

import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqtwin.config import RunConfig, StudyConfig, vary
from seqtwin.errors import ConfigError
from seqtwin.lookup import split_spec
from seqtwin.run.compatible import check_run
from seqtwin.run.data_files import data_name
from seqtwin.run.labels import column_label, is_axis, objective_name, row_label
from seqtwin.run.part_labels import factor_label, label
from seqtwin.run.pretrained import followed
from seqtwin.study.tiers import seeds_of

PAIRING = ("representation", "loss")


@dataclass(frozen=True)
class StudyCell:
    """One training of a study. `factors`: label of each varied key, and of representation, loss and seed always.

    `tuning`: how the settings of its pairing were found; None where the config is as it was written.
    """

    id: str
    config: RunConfig
    factors: Mapping[str, str | int]
    tuning: Mapping[str, Any] | None = None

    @property
    def pairing(self) -> str:
        """The id without the seed: what all seeds of a pairing share."""
        return self.id.rpartition(".s")[0]

    @property
    def labels(self) -> dict[str, str]:
        """The factors without the seed."""
        return {key: str(value) for key, value in self.factors.items() if key != "seed"}


@dataclass(frozen=True)
class Grid:
    """The cells of a study. `merged`: [left out, stands for it, why] of representations that are the same vector."""

    cells: list[StudyCell]
    factors: dict[str, list[str]]
    merged: list[tuple[str, str, str]]


def expand_grid(study: StudyConfig) -> Grid:
    """Every combination of the factors, times the seeds.

    Raises: ConfigError that names each impossible combination.
    """
    _refuse_bad_grid(study)
    keys = list(study.grid)
    combinations = [dict(zip(keys, values, strict=True)) for values in itertools.product(*study.grid.values())]
    configs = [followed(vary(study.base, changes)) for changes in combinations]
    _check_all(configs, combinations)
    _refuse_objectives(configs)
    kept, merged = _merge(configs, combinations)
    cells = [_cell(config, changes, seed) for config, changes in kept for seed in seeds_of(study)]
    _refuse_twins(cells)
    names = [*PAIRING, *(k for k in keys if not is_axis(k))]
    factors = {name: list(dict.fromkeys(str(c.factors[name]) for c in cells)) for name in names}
    return Grid(cells, factors, merged)


def _refuse_bad_grid(study: StudyConfig) -> None:
    empty = [key for key, values in study.grid.items() if not values]
    if empty:
        raise ConfigError("GRID_EMPTY", f"nothing to vary under {', '.join(empty)}", place="grid")
    if "fit.seed" in study.grid:
        raise ConfigError("GRID_SEEDS", "fit.seed is no factor", place="grid", remedy="use seeds: N")


def _check_all(configs: list[RunConfig], combinations: list[dict[str, Any]]) -> None:
    problems = []
    for config, changes in zip(configs, combinations, strict=True):
        try:
            check_run(config)
        except ConfigError as error:
            problems.append((changes, error))
    if len({error.cause for _, error in problems}) == 1 and len(problems) == len(configs) > 1:
        raise problems[0][1]  # nothing that the grid varies is at fault
    if problems:
        listed = "\n  ".join(f"{_shown(changes)}: {error.cause}" for changes, error in problems[:20])
        cause = f"{len(problems)} of {len(configs)} combinations are impossible\n  {listed}"
        raise ConfigError("GRID_IMPOSSIBLE", cause, place="grid", remedy="take these out of the grid")


def _refuse_objectives(configs: list[RunConfig]) -> None:
    """Raises: ConfigError for several: each judges rows of its own by a metric of its own."""
    names = sorted({objective_name(config) for config in configs})
    if len(names) > 1:
        cause = f"{' and '.join(names)} judge other rows by other metrics, so one table cannot hold both"
        raise ConfigError("GRID_OBJECTIVES", cause, place="grid.objective", remedy="one study for each of them")


def _shown(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in changes.items()) or "the base config"


def canonical(config: RunConfig) -> tuple[str, str]:
    """The representation that a config's one is equal to in this encoder, and why; itself and "" where none is.

    With `padding: masked`: one direction: last_output = final_hidden; one layer: all_hidden = final_hidden.
    """
    name, encoder = split_spec(config.representation)[0], config.encoder
    if encoder.padding == "masked" and name == "last_output" and not encoder.bidirectional:
        return "final_hidden", "in one direction the last output is the final hidden state"
    if name == "all_hidden" and encoder.layers == 1:
        return "final_hidden", "with one layer all hidden states are the final one"
    return label(config.representation), ""


def _merge(
    configs: list[RunConfig], combinations: list[dict[str, Any]]
) -> tuple[list[tuple[RunConfig, dict[str, Any]]], list[tuple[str, str, str]]]:
    kept: dict[str, tuple[RunConfig, dict[str, Any]]] = {}
    merged: dict[tuple[str, str, str], None] = {}
    # what stands for itself comes first, so that an equal one is merged into it wherever it stands in the list
    order = sorted(range(len(configs)), key=lambda i: bool(canonical(configs[i])[1]))
    for i in order:
        name, why = canonical(configs[i])
        rest = configs[i].model_dump_json(exclude={"representation"})
        key = f"{name}|{rest}"
        if key in kept:
            merged[(label(configs[i].representation), label(kept[key][0].representation), why or "named twice")] = None
        else:
            kept[key] = (configs[i], combinations[i])
    wanted = {id(config) for config, _ in kept.values()}
    return [(c, x) for c, x in zip(configs, combinations, strict=True) if id(c) in wanted], list(merged)


def _cell(config: RunConfig, changes: Mapping[str, Any], seed: int) -> StudyCell:
    config = vary(config, {"fit.seed": seed})
    varied = {key: factor_label(key, value) for key, value in changes.items() if not is_axis(key)}
    factors: dict[str, str | int] = {
        "representation": row_label(config),
        "loss": column_label(config, changes),
        **varied,
        "seed": seed,
    }
    return StudyCell(_id(config, varied, factors), config, factors)


def _id(config: RunConfig, varied: Mapping[str, str], factors: Mapping[str, str | int]) -> str:
    extra = [f"{key.rsplit('.', 1)[-1]}-{value}" for key, value in varied.items() if key != "encoder.cell"]
    words = [data_name(config.data), label(config.encoder.cell), factors["representation"], factors["loss"], *extra]
    text = ".".join(_clean(str(word)) for word in words)
    if len(text) > 100:  # a folder name has its limit
        text = f"{text[:90]}.{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"{text}.s{factors['seed']}"


def _clean(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", word).strip("-") or "x"


def _refuse_twins(cells: list[StudyCell]) -> None:
    seen: dict[str, StudyCell] = {}
    for cell in cells:
        if cell.id in seen:
            cause = f"two cells have the id {cell.id}: {dict(cell.factors)}, {dict(seen[cell.id].factors)}"
            raise ConfigError("GRID_TWINS", cause, place="grid", remedy="name the options that differ")
        seen[cell.id] = cell
