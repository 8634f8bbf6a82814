"""From the config of a study to its cells, with readable ids. Impossible cells are refused, equal ones merged."""

import hashlib
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seqtwin.config import RunConfig, StudyConfig, vary
from seqtwin.errors import ConfigError
from seqtwin.guards.largest import CELLS
from seqtwin.lookup import split_spec
from seqtwin.run.check_config import check_run
from seqtwin.run.data_files import data_name
from seqtwin.run.labels import column_label, is_axis, objective_name, row_label
from seqtwin.run.part_labels import factor_label, label
from seqtwin.run.pretrained import followed
from seqtwin.study.tiers import seeds_of

PAIRING = ("representation", "loss")

Changes = Mapping[str, object]


@dataclass(frozen=True)
class StudyCell:
    """One training of a study.

    `factors`: the label of representation, loss, seed and every varied key. `tuning`: the outcome of tuning; None where
    the config is as written.
    """

    id: str
    config: RunConfig
    factors: Mapping[str, str | int]
    tuning: Mapping[str, object] | None = None

    @property
    def pairing(self) -> str:
        """The id without the seed."""
        return self.id.rpartition(".s")[0]

    @property
    def labels(self) -> dict[str, str]:
        """The factors without the seed."""
        return {key: str(value) for key, value in self.factors.items() if key != "seed"}


@dataclass(frozen=True)
class Grid:
    """The cells of a study. `factors`: the labels of each factor. `merged`: (left out, kept, why) for representations
    that are the same vector."""

    cells: list[StudyCell]
    factors: dict[str, list[str]]
    merged: list[tuple[str, str, str]]


def expand_grid(study: StudyConfig) -> Grid:
    """Every combination of the factors, times the seeds.

    Raises: ConfigError that lists the impossible combinations.
    """
    _refuse_bad_grid(study)
    keys = list(study.grid)
    combinations = [dict(zip(keys, values, strict=True)) for values in itertools.product(*study.grid.values())]
    configs = [followed(vary(study.base, changes)) for changes in combinations]
    _check_all(configs, combinations)
    _refuse_objectives(configs)
    distinct, merged = _merge(configs, combinations)
    cells = [_cell(config, changes, seed) for config, changes in distinct for seed in seeds_of(study)]
    _refuse_twins(cells)
    names = [*PAIRING, *(k for k in keys if not is_axis(k))]
    factors = {name: list(dict.fromkeys(str(c.factors[name]) for c in cells)) for name in names}
    return Grid(cells, factors, merged)


def _refuse_bad_grid(study: StudyConfig) -> None:
    empty = [key for key, values in study.grid.items() if not values]
    if empty:
        raise ConfigError("GRID_EMPTY", f"expected at least one value for {', '.join(empty)}", place="grid")
    count = math.prod(len(values) for values in study.grid.values()) * len(seeds_of(study))
    if count > CELLS:
        cause = f"{count:,} study cells (combinations times seeds); expected at most {CELLS:,}"
        raise ConfigError("GRID_SIZE", cause, place="grid", remedy="vary fewer settings, or fewer values of them")
    if "fit.ddp" in study.grid or study.base.fit.ddp is not None:
        remedy = "remove it, and use --jobs: several study cells then train at a time"
        raise ConfigError("DDP_STUDY", "fit.ddp is for a single training", place="fit.ddp", remedy=remedy)
    if "fit.seed" in study.grid:
        raise ConfigError("GRID_SEEDS", "fit.seed cannot be a factor", place="grid", remedy="use seeds: N")


def _check_all(configs: Sequence[RunConfig], combinations: Sequence[Changes]) -> None:
    problems = []
    for config, changes in zip(configs, combinations, strict=True):
        try:
            check_run(config)
        except ConfigError as error:
            problems.append((changes, error))
    if len({error.cause for _, error in problems}) == 1 and len(problems) == len(configs) > 1:
        raise problems[0][1]  # the cause does not depend on the grid
    if problems:
        listed = "\n  ".join(f"{_shown(changes)}: {error.cause}" for changes, error in problems[:20])
        cause = f"{len(problems)} of {len(configs)} combinations are impossible\n  {listed}"
        raise ConfigError("GRID_IMPOSSIBLE", cause, place="grid", remedy="remove them from the grid")


def _refuse_objectives(configs: Sequence[RunConfig]) -> None:
    """Raises: ConfigError for more than one objective, since their rows and metrics differ."""
    names = sorted({objective_name(config) for config in configs})
    if len(names) > 1:
        cause = f"{' and '.join(names)} have different rows and metrics, which one table cannot compare"
        raise ConfigError("GRID_OBJECTIVES", cause, place="grid.objective", remedy="run one study for each of them")


def _shown(changes: Changes) -> str:
    return ", ".join(f"{key}={value}" for key, value in changes.items()) or "the base config"


def canonical(config: RunConfig) -> tuple[str, str]:
    """The representation that is the same vector as that of the config in this encoder, and why; else its own and "".

    With `padding: masked`: one direction: last_output = final_hidden; one layer: all_hidden = final_hidden.
    """
    name, encoder = split_spec(config.representation)[0], config.encoder
    if encoder.padding == "masked" and name == "last_output" and not encoder.bidirectional:
        return "final_hidden", "in one direction the last output is the final hidden state"
    if name == "all_hidden" and encoder.layers == 1:
        return "final_hidden", "with one layer all hidden states are the final one"
    return label(config.representation), ""


def _merge(
    configs: Sequence[RunConfig], combinations: Sequence[Changes]
) -> tuple[list[tuple[RunConfig, Changes]], list[tuple[str, str, str]]]:
    kept: dict[str, tuple[RunConfig, Changes]] = {}
    merged: dict[tuple[str, str, str], None] = {}
    # the order in the grid must not matter: a representation comes before those that are merged into it
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


def _cell(config: RunConfig, changes: Changes, seed: int) -> StudyCell:
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
    if len(text) > 100:  # the length of a folder name is limited
        text = f"{text[:90]}.{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return f"{text}.s{factors['seed']}"


def _clean(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", word).strip("-") or "x"


def _refuse_twins(cells: list[StudyCell]) -> None:
    seen: dict[str, StudyCell] = {}
    for cell in cells:
        if cell.id in seen:
            cause = f"two cells have the id {cell.id}: {dict(seen[cell.id].factors)} and {dict(cell.factors)}"
            raise ConfigError("GRID_TWINS", cause, place="grid", remedy="specify the options that differ")
        seen[cell.id] = cell
