"""The page of the retrieval benchmark, written from its results only: the same results give the same bytes.

`python benchmarks/retrieval_page.py` writes the page again from the saved results.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqtwin.files import publish_text, read_json

ROOT = Path(__file__).parent.parent
KEPT, PAGE = ROOT / "experiments" / "retrieval" / "results.json", ROOT / "reports" / "retrieval" / "README.md"
Results = Mapping[str, Any]

HEAD = """# The encoder at work: search and linking, beside methods that learn nothing

Written by `python benchmarks/retrieval.py` from what it measured ([results](../../experiments/retrieval/results.json)),
this page too. Each encoder is trained afresh, on one thread, under each of the seeds 0, 1 and 2; *trained* and
*untrained* are means over these. The other methods learn nothing from labels. The brackets contain 95 % bootstrap
intervals (2000 draws, the same for all methods, so that differences are paired): how the figures would vary with other
queries, not with other training data.

- recall@k: the share of right answers among the k best of the corpus. MRR: the mean of 1 / the place of the first right
  answer. Equal scores keep the order of the corpus. Precision, recall, F1: of the pairs that are called the same.
- TF-IDF: cosine of weighted character 2- to 4-grams. Jaro-Winkler: similarity by edits, from rapidfuzz. In the two
  searches both read the texts in lower case and without accents, as the encoder does.
- untrained: the same encoder with the weights it started from.
"""


def page(results: Results) -> str:
    """The whole page, with one section per measured task."""
    return HEAD + "".join(SECTIONS[name](results[name]) for name in SECTIONS if name in results)


def publish(results: Results) -> None:
    """Write the page."""
    publish_text(PAGE, page(results))


def placenames(found: Results) -> str:
    """The section of the built-in data."""
    part = found["parts"]["all"]
    facts = {
        "data": f"the built-in `placenames` (Unicode CLDR in Babel), {found['pairs']:,} training pairs; no place is in "
        "two splits",
        "queries": f"{found['queries']:,} foreign names of {found['places']} places, none of them in a training or dev "
        "pair; a name that is the English one but for case and accents is no query",
        "corpus": f"the English names of all {found['corpus']:,} places, those of training too",
        **_encoder(found),
        "intervals": "over places, since the names of one place are found or missed together",
    }
    said = [_verdict(part), _seeds(part, "recall@1")]
    return _section("Place names: foreign name to English name", facts, _table(part), said)


def toponyms(found: Results) -> str:
    """The section of the gazetteer names."""
    facts = {
        "data": f"`toponyms` (DeezyMatch's sample of GeoNames; not part of this repository), {found['pairs']:,} "
        "training pairs; no name is in two splits",
        "queries": f"the {found['queries']:,} left names of the positive test pairs; {found['equal']} of them are "
        "their right name but for case and accents",
        "corpus": f"all {found['corpus']:,} distinct right names of the test file; those of its negative pairs were "
        "chosen to look alike",
        **_encoder(found),
        "intervals": "over queries",
    }
    titles, parts = found["counts"], found["parts"]
    tables = [f"**{name}** ({count:,} queries)\n\n{_table(parts[name])}" for name, count in titles.items()]
    said = [f"{name}: {_verdict(part)}" for name, part in parts.items()]
    said.append(_seeds(parts["all"], "recall@1"))
    return _section("Toponyms: left name to right name", facts, "\n".join(tables), said)


def amazon_google(found: Results) -> str:
    """The section of the product titles."""
    part, units = found["parts"]["all"], found["dev_f1_by_unit"]
    chosen = ", ".join(f"{unit} {sum(values) / len(values):.3f}" for unit, values in units.items())
    facts = {
        "data": f"`amazon_google` (titles only, the published DeepMatcher split; not part of this repository), "
        f"{found['pairs']:,} training pairs",
        "pairs": f"{found['test_pairs']:,} test pairs, {found['test_same']} of them one product; each method takes the "
        "threshold of its best F1 on dev",
        **_encoder(found),
        "tokens": f"chosen by F1 on dev, mean over the seeds: {chosen}; so {found['unit']} is used",
        "intervals": f"over the {found['products']:,} left titles, since pairs share them",
    }
    said = [
        _verdict(part),
        _seeds(part, "f1"),
        "The published splits are by pair: products of the test pairs also occur in training pairs, and "
        f"{found['seen']} test pairs are themselves training pairs. So these figures say little about unseen products.",
    ]
    return _section("Amazon-Google: which pairs are one product", facts, _table(part), said)


SECTIONS = {"placenames": placenames, "toponyms": toponyms, "amazon_google": amazon_google}


def _encoder(found: Results) -> dict[str, str]:
    r = found["encoder"]
    e, fit = r["encoder"], r["fit"]
    sides = "both directions" if e["bidirectional"] else "one direction"
    auc = ", ".join(f"{value:.3f}" for value in found["dev"]["roc_auc"])
    return {
        "encoder": f"{e['cell']} over {r['tokens']['unit']} tokens, embedding {e['embedding']}, hidden {e['hidden']}, "
        f"{sides}; `{r['representation']}`, {r['similarity']}, `{r['loss']}`; {fit['epochs']} epochs, batch "
        f"{fit['batch']}, learning rate {fit['lr']:g}; ROC-AUC on dev by seed {auc}",
        "cost": f"{found['cpu_seconds']:,} CPU-seconds for all of it",
    }


def _section(title: str, facts: Mapping[str, str], tables: str, said: Sequence[str]) -> str:
    told = "".join(f"- {name}: {text}\n" for name, text in facts.items())
    return f"\n## {title}\n\n{told}\n{tables.rstrip()}\n\n" + "".join(f"- {line}\n" for line in said)


def _table(rows: Sequence[Results]) -> str:
    names = list(rows[0]["figures"])
    head = " | ".join(LABELS.get(name, name) for name in names)
    lines = [f"| method | {head} |", "| --- |" + " --- |" * len(names)]
    lines += [f"| {r['method']} | {' | '.join(_told(r['figures'][name]) for name in names)} |" for r in rows]
    return "\n".join(lines) + "\n"


LABELS = {"mrr": "MRR", "f1": "F1"}


def _told(figure: Results) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _verdict(rows: Sequence[Results]) -> str:
    """The trained encoder compared with the best of the others, for each metric. It may be worse."""
    said = []
    for metric in rows[0]["figures"]:
        best = max(rows[1:], key=lambda row: row["figures"][metric]["value"])
        gap, name = best["behind"][metric], LABELS.get(metric, metric)
        word = "ahead of" if gap["low"] > 0 else "**behind**" if gap["high"] < 0 else "not significantly different from"
        said.append(f"in {name} {word} {best['method']}, {_signed(gap)}")
    return f"trained against the best of the others: {'; '.join(said)}."


def _signed(gap: Results) -> str:
    return f"{gap['value']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"


def _seeds(rows: Sequence[Results], metric: str) -> str:
    values = ", ".join(f"{value:.3f}" for value in rows[0]["figures"][metric]["seeds"])
    return f"{LABELS.get(metric, metric)} of the trained encoder by seed: {values}."


if __name__ == "__main__":
    publish(read_json(KEPT))
