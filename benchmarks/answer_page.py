"""Writes reports/answer from experiments/answer/results.json: one page with one figure.

python benchmarks/answer_page.py
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from answer_advice import (
    DataSet,
    Pairing,
    advise,
    advise_all_alike,
    always,
    distances,
    expected_distances,
    losses,
    random_losses,
)
from answer_figure import Row, draw_differences
from answer_statistics import Further, average_ranks, critical_difference, friedman_p, further_difference

from seqtwin.files import publish_text, read_json

ROOT = Path(__file__).parent.parent
HOME, PAGE = ROOT / "experiments" / "answer", ROOT / "reports" / "answer"
LOSSES = ("mse", "contrastive", "cosent", "in_batch")
SURE = 0.95
KINDS = {"graded": "graded scores", "pairs": "labelled pairs", "classes": "pairs made of classes"}
Results = Mapping[str, Any]
Estimates = Mapping[str, tuple[float, float]]  # by data set: a difference and its standard error


def real(results: Results) -> dict[str, Any]:
    """The data sets without the synthetic ones."""
    return {name: own for name, own in results.items() if not own["synthetic"]}


def mean_scores(own: Mapping[str, Any], split: str, direction: str = "two") -> dict[Pairing, float]:
    """The mean over seeds of each pairing of a direction."""
    rows = zip(own["pairings"], own[split], strict=True)
    return {
        (view, loss): float(np.nanmean(np.array(values, dtype=float)))
        for (where, view, loss), values in rows
        if where == direction and any(value is not None for value in values)
    }


def data_sets(results: Results) -> list[DataSet]:
    """The real data sets as the advice sees them."""
    return [
        DataSet(name, own["kind"], own["unit"], mean_scores(own, "dev"), mean_scores(own, "test"))
        for name, own in real(results).items()
    ]


def estimates(results: Results, difference: str) -> dict[str, tuple[float, float]]:
    """A planned difference on each data set that has it."""
    return {
        name: (own["differences"][difference][0], max(own["differences"][difference][1], 1e-4))
        for name, own in results.items()
        if difference in own["differences"]
    }


def further(found: Estimates) -> Further:
    """What a difference on these data sets tells about a further one."""
    return further_difference(np.array([d for d, _ in found.values()]), np.array([e for _, e in found.values()]))


def verdict(found: Further) -> str:
    """What the plan says about such a difference.

    >>> verdict(Further(0.03, 0.02, 0.04, 0.005, 0.0, 0.01, 0.99))
    'higher in general'
    """
    if found.above >= SURE:
        return "higher in general"
    if found.below >= SURE:
        return "lower in general"
    return "no relevant difference" if found.within >= SURE else "depends on the data"


def signed(value: float) -> str:
    """Three digits with a sign: `+.012`."""
    return f"{value:+.3f}".replace("0.", ".", 1)


def plain(value: float) -> str:
    """Three digits without the zero before the point."""
    return f"{value:.3f}".removeprefix("0")


def rank_table(results: Results, axis: int) -> tuple[str, float, float]:
    """Average ranks of the representations (axis 0) or losses (axis 1), best first; Friedman's p; Nemenyi's difference."""
    by_set = [mean_scores(own, "test") for own in real(results).values()]
    names = list(dict.fromkeys(pairing[axis] for own in by_set for pairing in own))
    values = np.array(
        [[np.mean([v for pairing, v in own.items() if pairing[axis] == name]) for name in names] for own in by_set]
    )
    ranks = average_ranks(values)
    order = np.argsort(ranks)
    text = ", ".join(f"`{names[place]}` {ranks[place]:.1f}" for place in order)
    return text, friedman_p(values), critical_difference(len(names), len(by_set))


def difference_rows(results: Results, names: Sequence[str]) -> str:
    """One line of the table for each planned difference."""
    rows = []
    for name in names:
        found = estimates(real(results), name)
        if len(found) < 3:
            continue
        own = further(found)
        groups = " | ".join(group_mean(results, name, kind) for kind in KINDS)
        rows.append(
            f"| {label(name)} | {signed(own.mean)} ({signed(own.low)} to {signed(own.high)}) | {plain(own.spread)} | "
            f"{own.below:.2f} / {own.within:.2f} / {own.above:.2f} | {groups} | {verdict(own)} |"
        )
    return "\n".join(rows)


def label(name: str) -> str:
    """A planned difference as the page has it.

    >>> label("two: max_output - final_hidden")
    '`max_output` - `final_hidden`'
    """
    head, _, rest = name.partition(": ")
    sides = rest.split(" - ")
    return f"two directions - one, `{rest}`" if len(sides) == 1 else f"`{sides[0]}` - `{sides[1]}`"


def group_mean(results: Results, difference: str, kind: str) -> str:
    """The mean of a difference over the data sets with labels of this kind."""
    own = {name: data for name, data in real(results).items() if data["kind"] == kind}
    values = [value for value, _ in estimates(own, difference).values()]
    return signed(float(np.mean(values))) if values else ""


def shares(own: Mapping[str, Any]) -> dict[str, float]:
    """Shares of the variance of test scores: representation, loss, their interaction, and the rest (seeds).

    Only pairings of two directions, and seeds that all of them have.
    """
    rows = [row for row, pairing in enumerate(own["pairings"]) if pairing[0] == "two"]
    table = np.array([own["test"][row] for row in rows], dtype=float)
    table = table[:, ~np.isnan(table).any(axis=0)]
    views = list(dict.fromkeys(own["pairings"][row][1] for row in rows))
    values = np.empty((len(views), len(LOSSES), table.shape[1]))
    for row, scores in zip(rows, table, strict=True):
        _, view, loss = own["pairings"][row]
        values[views.index(view), LOSSES.index(loss)] = scores
    centred = values - values.mean()
    by_view, by_loss = centred.mean(axis=(1, 2)), centred.mean(axis=(0, 2))
    both = centred.mean(axis=2) - by_view[:, None] - by_loss[None]
    parts = {
        "representation": float((by_view**2).mean()),
        "loss": float((by_loss**2).mean()),
        "both": float((both**2).mean()),
    }
    total = float((centred**2).mean())
    return {name: part / total for name, part in parts.items()} | {"seeds": 1 - sum(parts.values()) / total}


def advice_table(results: Results) -> str:
    """For each kind of labels and unit of steps that occurs: where to start, what else is level, what to avoid."""
    sets = data_sets(results)
    rows = []
    for kind, unit in dict.fromkeys((own.kind, own.unit) for own in sets):
        expected = sorted(expected_distances((kind, unit), sets).items(), key=lambda item: item[1])
        (view, loss), least = expected[0]
        level = [f"`{v}` + `{t}`" for (v, t), value in expected[1:6] if value - least <= 0.005]
        names = ", ".join(own.name for own in sets if (own.kind, own.unit) == (kind, unit))
        worst, most = expected[-1]
        rows.append(
            f"| {KINDS[kind]}, {unit} | {names} | `{view}` + `{loss}` | {plain(least)} | {', '.join(level) or 'none'} | "
            f"`{worst[0]}` + `{worst[1]}` ({plain(most)}) |"
        )
    return "\n".join(rows)


def loss_table(results: Results) -> str:
    """What each rule loses on the data set that is left out."""
    sets = data_sets(results)
    rules = {
        "the advice": losses(advise, sets),
        "the same without weights": losses(advise_all_alike, sets),
        "always `max_output` + `mse`": losses(always(("max_output", "mse")), sets),
        "always `final_hidden` + `mse`": losses(always(("final_hidden", "mse")), sets),
        "drawn at random (mean)": random_losses(sets),
    }
    head = f"| rule | median | largest | {' | '.join(own.name for own in sets)} |\n| --- |{' ---: |' * (len(sets) + 2)}"
    lines = [
        f"| {rule} | {plain(float(np.median(list(lost.values()))))} | {plain(max(lost.values()))} | "
        f"{' | '.join(plain(lost[own.name]) for own in sets)} |"
        for rule, lost in rules.items()
    ]
    return "\n".join([head, *lines])


def score_table(results: Results) -> str:
    """The best pairing of each data set in hindsight, with the shares of the variance."""
    rows = []
    for name, own in results.items():
        test = mean_scores(own, "test")
        (view, loss), best = max(test.items(), key=lambda item: item[1])
        level = sum(value <= 0.005 for value in distances(test).values())
        part = shares(own)
        rows.append(
            f"| {name}{' (synthetic)' if own['synthetic'] else ''} | {own['kind']}, {own['unit']} | "
            f"{own['metric'].replace('_', ' ')} | `{view}` + `{loss}` | {plain(best)} | {level} of {len(test)} | "
            f"{part['representation']:.0%} | {part['loss']:.0%} | {part['both']:.0%} | {part['seeds']:.0%} |"
        )
    return "\n".join(rows)


def figure_rows(results: Results, names: Sequence[str]) -> list[Row]:
    """The rows of a panel of the figure."""
    rows = []
    for name in names:
        found = estimates(real(results), name)
        if len(found) >= 3:
            values = [(results[own]["kind"], value) for own, (value, _) in found.items()]
            rows.append(Row(label(name).replace("`", ""), values, further(found)))
    return rows


def planned(results: Results, start: str) -> list[str]:
    """The planned differences whose name starts so, in their order."""
    names = dict.fromkeys(name for own in results.values() for name in own["differences"])
    return [name for name in names if name.startswith(start)]


def seeds_line(results: Results) -> str:
    """How many seeds are complete."""
    parts = []
    for direction, asked in (("two", 10), ("one", 5)):
        counts = [len(own["seeds"][direction]) for own in results.values()]
        least, most = min(counts), max(counts)
        shown = f"{least}" if least == most else f"{least} to {most}"
        parts.append(f"{shown} of {asked} planned seeds with {direction} direction{'s' if direction == 'two' else ''}")
    return " and ".join(parts)


def page(results: Results, pilot: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    views = [name for name in planned(results, "two: ") if name.endswith("final_hidden")]
    of_losses = [name for name in planned(results, "two: ") if name.endswith(" - mse")]
    one = planned(results, "one: ")
    trained = sum(sum(v is not None for v in row) for own in results.values() for row in own["test"])
    hours = sum(own["cpu_seconds"] for own in results.values()) / 3600
    head = "| difference | mean over data sets (95 %) | spread between them | further data set: below -.01 / within / above .01 | graded | pairs | classes | so |\n| --- | ---: | ---: | --- | ---: | ---: | ---: | --- |"
    (view_ranks, view_p, view_cd), (loss_ranks, loss_p, loss_cd) = (rank_table(results, axis) for axis in (0, 1))
    gain = max(value for own in pilot.values() for value in own["gains"].values())
    failed = [line for own in results.values() for line in own["failed"]]
    return f"""# Which view of an RNN's states, with which loss?

Written by `python benchmarks/answer_page.py` from [results.json](../../experiments/answer/results.json), as the
[plan](../../experiments/answer/PLAN.md) says that was fixed before the first training. {trained:,} trainings, {hours:.1f} CPU-hours:
{seeds_line(results)}. {len(failed)} trainings ended without a result{": " + ", ".join(failed[:5]) if failed else ""}. Ten real
data sets are the sample; the two synthetic ones are in no average. Scores are Spearman correlations for graded scores and ROC-AUC
for labels, on test.

![Differences between representations and between losses on every data set](differences.svg)

## What holds in general

{head}
{difference_rows(results, views)}
{difference_rows(results, of_losses)}

A row is the mean over all losses, or over all representations. The intervals and probabilities are from a hierarchical model in which data
sets are the sample. The three columns before the last are means over the data sets with graded scores, labelled pairs, and pairs made of classes.

Average ranks of the representations, 1 is best: {view_ranks}. Friedman's p is {view_p:.3g}; ranks differ by Nemenyi's test from
{view_cd:.1f} on. Losses: {loss_ranks}; p {loss_p:.3g}, from {loss_cd:.1f} on.

## If your data look like this, start with that

| data | measured on | start with | expected distance from the best | level with it (.005) | avoid |
| --- | --- | --- | ---: | --- | --- |
{advice_table(results)}

The advice was checked by leaving out one data set at a time: what following it loses there, against the best pairing known in
hindsight. Asked: median at most .005, largest at most .02.

{loss_table(results)}

## One direction or two

{head}
{difference_rows(results, planned(results, "two - one"))}

With one direction alone:

{head}
{difference_rows(results, one)}

## Each data set

| data set | labels, steps | metric | best in hindsight | score | pairings within .005 | representation | loss | both | seeds |
| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
{score_table(results)}

The last four columns are shares of the variance of test scores within the data set, over pairings and seeds: the representation, the loss, their
interaction, and the rest, which is seeds.

The learning rate is the same for all pairings of a data set. In the pilot, no loss would have gained more than {plain(gain)} on
dev from a rate of its own ([pilot.json](../../experiments/answer/pilot.json)).
"""


def main() -> None:
    """Write the page and its figure."""
    results, pilot = read_json(HOME / "results.json"), read_json(HOME / "pilot.json")
    panels = {
        "representation - final_hidden, mean over losses": figure_rows(
            results, [name for name in planned(results, "two: ") if name.endswith("final_hidden")]
        ),
        "loss - mse, mean over representations": figure_rows(
            results, [name for name in planned(results, "two: ") if name.endswith(" - mse")]
        ),
    }
    publish_text(PAGE / "differences.svg", draw_differences(panels))
    publish_text(PAGE / "README.md", page(results, pilot))


if __name__ == "__main__":
    main()
