"""The methods paragraphs, ready to paste, and the commands that reproduce the study."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from seqtwin.metrics import metric_name
from seqtwin.reporting.formatting import count, digits, listed, many
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable

TIERS = ("quick", "standard", "strong", "publication")
_TESTS = {
    "anova": "the F tests of a blocked two-way analysis of variance",
    "permutation": "a restricted permutation test (labels permuted within each seed block; Freedman-Lane residuals for "
    "the interaction)",
}
CHANNELS = {"lexical": "n-grams", "kernels": "kernels"}  # a key of the section encoder, and what it adds


def paragraph(table: StudyTable, facets: Sequence[Facet]) -> list[str]:
    """The methods, one paragraph each: design, tuning, uncertainty, tests, arithmetic."""
    return [
        text
        for text in (_design(table), _tuning(table), _uncertainty(table), _tests(table, facets), _arithmetic(table))
        if text
    ]


def _design(table: StudyTable) -> str:
    meta, nouns = table.meta, table.nouns
    primaries = dict.fromkeys(name for name in table.pairings["primary"] if name)
    finished = int((table.results["status"] == "finished").sum())
    data = [f"{name} ({sizes(facts['pairs'])} {nouns.items})" for name, facts in meta["datasets"].items()]
    encoder, version = encoder_of(meta), (meta.get("versions") or {}).get("seqtwin", "")
    cuts = sorted({digits(facts["cut"], 2) for facts in meta["datasets"].values()})
    number = f"{many(len(table.pairings), 'pairing')} of representation and {nouns.column}"
    seeds = many(len(meta.get("seeds", [])), "seed")
    trained = f"{number} were trained{f' with {encoder}' if encoder else ''} on {listed(data)}"
    counted = f"{finished} of {meta['planned']} planned study cells finished"
    primary = f"primary metric{' is' if len(primaries) == 1 else 's are'}"
    return (
        f"{trained}, each with {seeds} ({counted}), using SeqTwin {version}, tier {meta.get('tier', 'unknown')}. "
        "Each seed is a paired block: all pairings share its split, its data order and, where shapes match, its "
        f"initial weights. {nouns.says.targets} The {primary} "
        f"{listed([metric_name(name) for name in primaries])}.{nouns.says.cut.format(cuts=listed(cuts))}"
    )


def sizes(pairs: Mapping[str, int]) -> str:
    """How many rows each split of a data set has."""
    return " / ".join(f"{pairs.get(split, 0):,}" for split in ("train", "dev", "test"))


def encoder_of(meta: Mapping[str, Any]) -> str:
    """The encoder of the base config in a few words, empty if it is unknown or varied."""
    base = meta.get("config", {}).get("base", {})
    encoder = base.get("encoder") if isinstance(base, dict) else None
    varied = {key.removeprefix("encoder.") for key in meta.get("factors", {})}
    if not isinstance(encoder, dict) or varied & {"encoder", "cell"}:
        return ""
    fixed = {key: value for key, value in encoder.items() if key not in varied}
    beside = f", {channel} beside it" if (channel := side_channel_of(meta)) else ""
    if fixed.get("cell") in ("none", {"name": "none"}):
        return f"no recurrence, embedding {fixed.get('embedding', '')}".rstrip() + beside
    sides = "bidirectional " if fixed.get("bidirectional") else ""
    layers = f", {fixed['layers']} layers" if int(fixed.get("layers") or 1) > 1 else ""
    return f"{sides}{str(encoder.get('cell', 'rnn')).upper()} {fixed.get('hidden', '')}".strip() + layers + beside


def side_channel_of(meta: Mapping[str, Any]) -> str:
    """The side channel that every pairing has beside its network, n-grams or kernels; empty without one."""
    base = meta.get("config", {}).get("base", {})
    encoder = base.get("encoder") if isinstance(base, dict) else None
    fixed = encoder if isinstance(encoder, dict) else {}
    varied = meta.get("factors", {})
    return next((words for key, words in CHANNELS.items() if fixed.get(key) and f"encoder.{key}" not in varied), "")


def _tuning(table: StudyTable) -> str:
    meta = table.meta
    if not meta.get("tuned"):
        return f"Nothing was tuned: {table.nouns.says.fixed} come from the config for every pairing."
    return (
        f"Every pairing was tuned on dev with {many(int(meta.get('trials') or 0), 'trial')} (Optuna, with the same "
        "sampler, search space and seed for every pairing), on training seeds not used for evaluation."
    )


def _uncertainty(table: StudyTable) -> str:
    return (
        f"Intervals are two-level 95 % bootstrap intervals with {count(table.meta['replicates'])} replicates. Each "
        f"replicate resamples seeds and {table.nouns.says.drawn} with replacement, with the same draw for "
        "all pairings. They are percentile intervals, or BCa where the replicates are skewed. Metrics that are "
        "undefined for a study cell are left empty, never set to 0."
    )


def _tests(table: StudyTable, facets: Sequence[Facet]) -> str:
    return " ".join(text for text in (_omnibus(table, facets), _planned(table), _ties(facets)) if text)


def _omnibus(table: StudyTable, facets: Sequence[Facet]) -> str:
    methods = {(facet.analysis.get("omnibus") or {}).get("method") for facet in facets} - {None, ""}
    tests = [_TESTS[str(name)] for name in sorted(map(str, methods))]
    column = table.nouns.column
    text = f"Representation, {column} and their interaction were tested on the z scale (one block per seed) by "
    return f"{text}{listed(tests, 'or')}." if tests else ""


def _planned(table: StudyTable) -> str:
    plan = table.meta.get("plan") or {}
    comparisons = plan.get("comparisons") or []
    if not comparisons:
        return ""
    declared = f"{many(len(comparisons), 'comparison')} {'was' if len(comparisons) == 1 else 'were'} declared"
    return (
        f"{declared} before the first training run. The comparisons on one data set form one Holm family at alpha "
        f"{digits(plan.get('alpha'), 2)}. A claim requires that a paired t test and a sign-flip permutation test over "
        "seeds are both significant, and "
        f"that the two-level interval excludes 0 and is not entirely within ±{digits(plan.get('rope'), 2)}."
    )


def _ties(facets: Sequence[Facet]) -> str:
    text = (
        "Tie letters come from simultaneous intervals for all differences in a heat map. Pairings that share a letter "
    )
    return f"{text}do not differ significantly." if any(facet.analysis.get("versus_best") for facet in facets) else ""


_KERNELS = {"cpu_capability": "PyTorch CPU kernels {}", "mkl": "MKL {}", "onednn": "oneDNN {}"}


def _arithmetic(table: StudyTable) -> str:
    """The kernels that computed the numbers; empty for results published before kernels were recorded."""
    kernels = table.meta.get("kernels") or {}
    if not kernels:
        return ""
    names = sorted(kernels, key=lambda name: (name not in _KERNELS, name))
    shown = [_KERNELS.get(name, f"{name}={{}}").format(" or ".join(kernels[name])) for name in names]
    threads = table.meta.get("threads") or []
    counted = (
        [f"{' or '.join(map(str, threads))} thread{'' if threads == [1] else 's'} per study cell"] if threads else []
    )
    return (
        f"Arithmetic: {', '.join([*shown, *counted])}. A study cell is reproduced byte for byte on the "
        "same processor with the same versions, kernels and number of threads. Otherwise the last digits can differ."
    )


def commands(table: StudyTable) -> list[str]:
    """The commands that reproduce the study and this page."""
    meta, name = table.meta, table.meta["name"]
    tier = str(meta.get("tier", "")) if meta.get("tier") in TIERS and "plan" in meta else ""
    options = [f"--{tier}"] if tier else []
    if tier == "quick":  # with --quick, minutes decide what is trained
        options = [f"--quick --minutes {meta['quick']['minutes']:g}"] if "quick" in meta else ["tier=quick"]
    options += ["--no-tune"] if tier and tier != "quick" and not meta.get("tuned") else []
    folder = shlex.quote(f"runs/{name}")
    return [" ".join(["seqtwin compare study.yaml --out", folder, *options]), f"seqtwin report {folder}"]
