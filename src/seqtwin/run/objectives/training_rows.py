"""The rows that a training uses: those of train, or, with options that add to them, the pairs of each epoch."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from seqtwin.config import AugmentConfig, HardNegativesConfig, RunConfig
from seqtwin.data.augmented_items import TextAugmenter
from seqtwin.data.batches import PairStore, Ragged, Store
from seqtwin.data.change_texts import CHANGES
from seqtwin.data.known_same import number_things
from seqtwin.data.pairs import MixedPairs
from seqtwin.data.split_examples import form
from seqtwin.errors import ConfigError
from seqtwin.json_values import Json
from seqtwin.lookup import split_spec
from seqtwin.run.objectives.prepare_pairs import distinct_texts
from seqtwin.run.prepared_data import Prepared, Ready
from seqtwin.training.epoch_pairs import EpochPairs, SharedRows
from seqtwin.training.hard_negatives import HardNegatives, MiningSettings
from seqtwin.training.losses import LOSSES, parts_of

OPTIONS = ("fit.augment", "fit.hard_negatives", "data.mix")


def refuse_pair_options(config: RunConfig) -> None:
    """Check that options of pairs are not set for another objective.

    Raises: ConfigError.
    """
    values = (config.fit.augment, config.fit.hard_negatives, config.data.mix)
    named = [option for option, value in zip(OPTIONS, values, strict=True) if value]
    objective = split_spec(config.objective)[0]
    if named and objective != "pairs":
        cause = f"{', '.join(named)}: only for objective pairs, but the objective is {objective}"
        raise ConfigError("CONFIG_PAIR_OPTION", cause, place=named[0], remedy=f"remove {' and '.join(named)}")


def check_pair_options(config: RunConfig, prepared: Ready) -> None:
    """Check that the options that add to the training pairs suit the data.

    Raises: ConfigError for changed texts of series, for hard negatives of graded pairs, and for labels mixed with
    scores if the loss uses the targets as they are.
    """
    fit = config.fit
    if fit.augment is not None and prepared.tokens is None:
        cause = "only texts can be changed, but the data are series"
        raise ConfigError("CONFIG_AUGMENT", cause, place="fit.augment", remedy="remove fit.augment")
    if fit.hard_negatives is not None and prepared.graded:
        cause = "hard negatives need labels (same or different), but the pairs have graded scores"
        raise ConfigError(
            "CONFIG_HARD_NEGATIVES", cause, place="fit.hard_negatives", remedy="remove fit.hard_negatives"
        )
    if config.data.mix:
        _check_targets_alike(config, graded=config.data.score is not None or prepared.graded)


def _check_targets_alike(config: RunConfig, *, graded: bool) -> None:
    """Check that a loss that uses the targets as they are gets either labels or scores, not both."""
    losses = [LOSSES.get(split_spec(part)[0]) for part in parts_of(config.loss)]
    odd = [further.train for further in config.data.mix if (further.score is not None) != graded]
    if not odd or all(loss is None or loss.needs_cut for loss in losses):
        return
    kinds = ("graded scores", "labels") if graded else ("labels", "graded scores")
    cause = (
        f"the data have {kinds[0]}, but {', '.join(odd)} has {kinds[1]}; loss {split_spec(config.loss)[0]} would take "
        "a label for the highest or lowest score"
    )
    suited = " or ".join(name for name, part in LOSSES.items() if part.needs_cut and name != "sum")
    remedy = f"choose a loss that divides all pairs at data.cut: {suited}; or name a column of labels as score"
    raise ConfigError("CONFIG_MIX", cause, place="data.mix", remedy=remedy)


def training_rows(config: RunConfig, prepared: Ready) -> Store | EpochPairs:
    """The rows of train, or the pairs of each epoch if the config has options that add to them.

    The config has passed `check_pair_options`.
    """
    train, fit = prepared.stores["train"], config.fit
    if not isinstance(prepared, Prepared) or not isinstance(train, PairStore):
        return train
    shared = _shared_rows(train, prepared.data.mixed)
    augment = fit.augment if fit.augment is not None and fit.augment.rates else None
    if not shared and augment is None and fit.hard_negatives is None:
        return train
    return EpochPairs(
        train,
        fit.seed,
        shared,
        None if augment is None else _augmenter(augment, prepared, fit.seed),
        None if fit.hard_negatives is None else _hard_negatives(fit.hard_negatives, prepared),
    )


def row_facts(rows: Store | EpochPairs) -> dict[str, Json]:
    """How many pairs the epochs of a training added: `epoch_pairs` of facts.json. Empty without options for it."""
    if not isinstance(rows, EpochPairs):
        return {}
    facts: dict[str, Json] = {"most_pairs_per_epoch": len(rows)}
    if rows.shared:
        facts["drawn_per_epoch"] = [part.count for part in rows.shared]
    if rows.augmenter is not None:
        facts["augmented"] = dict(sorted(rows.augmenter.counts.items()))
    if (mined := rows.negatives) is not None:
        facts["hard_negatives"] = {"searches": mined.searches, "pairs": mined.pairs, "skipped": mined.skipped}
    return facts


def added_lines(counts: Mapping[str, Json]) -> list[str]:
    """Lines on what the epochs of a training changed and added, from the `epoch_pairs` of facts.json.

    >>> added_lines({"hard_negatives": {"searches": 2, "pairs": 90, "skipped": 5}})
    ['hard negatives: 90 pairs in 2 searches, 5 skipped as possibly the same']
    """
    lines = []
    if isinstance(changed := counts.get("augmented"), dict):
        kinds = ", ".join(f"{name} {changed.get(name, 0):,}" for name in (*CHANGES, "copies") if changed.get(name))
        lines.append(f"changed texts, over all epochs: {changed.get('texts', 0):,} ({kinds})")
    if isinstance(mined := counts.get("hard_negatives"), dict):
        searches = "1 search" if mined["searches"] == 1 else f"{mined['searches']} searches"
        found = f"{mined['pairs']:,} pairs in {searches}"
        lines.append(f"hard negatives: {found}, {mined['skipped']:,} skipped as possibly the same")
    return lines


def _shared_rows(train: PairStore, mixed: Sequence[MixedPairs]) -> list[SharedRows]:
    """The rows of the files with a share. Together with the others, they have these shares of an epoch."""
    start = len(train) - sum(part.pairs for part in mixed)
    whole = len(train) - sum(part.pairs for part in mixed if part.share)
    total = whole / (1 - sum(part.share or 0 for part in mixed))
    rows = []
    for part in mixed:
        if part.share:
            rows.append(SharedRows(start, start + part.pairs, max(1, round(part.share * total))))
        start += part.pairs
    return rows


def _augmenter(augment: AugmentConfig, prepared: Prepared, seed: int) -> TextAugmenter:
    assert prepared.tokens is not None
    frame, items = prepared.data.frame, prepared.stores["train"].items
    judged = frame[frame["split"] != "train"]
    return TextAugmenter(
        texts=distinct_texts(prepared.data.part("train")),
        ids=np.split(items.steps, items.starts[1:]),
        tokens=prepared.tokens,
        rates=augment.rates,
        copies=augment.copies,
        whole=augment.labelled,
        reserved=[*judged["left"], *judged["right"]],
        seed=seed,
    )


def _hard_negatives(options: HardNegativesConfig, prepared: Prepared) -> HardNegatives:
    train, cut = prepared.stores["train"], prepared.cut
    same = train.target >= cut
    things = number_things(len(train.items), train.left[same], train.right[same], _keys(prepared))
    settings = MiningSettings(options.per_text, options.every, options.from_epoch, options.margin)
    return HardNegatives(train, things, cut, settings)


def _keys(prepared: Prepared) -> list[list[Hashable | None]]:
    """The keys by which training items are known to be the same: text, tokens, and class where they have one."""
    data, items = prepared.data, prepared.stores["train"].items
    named = data.labelled.part("train") if data.labelled is not None else ([], np.zeros(0, dtype=np.int64))
    classes: Mapping[Hashable, int] = dict(zip(named[0], named[1].tolist(), strict=True))
    if prepared.tokens is None:
        return [[classes.get(place) for place in range(len(items))]]
    texts = distinct_texts(data.part("train"))
    return [[form(text) for text in texts], [*_token_keys(items)], [classes.get(text) for text in texts]]


def _token_keys(items: Ragged) -> list[bytes]:
    return [own.tobytes() for own in np.split(items.steps, items.starts[1:])]
