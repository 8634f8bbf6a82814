"""Writes reports/answer, one page with one figure, from experiments/answer/results.json.

python benchmarks/answer_page.py
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from answer_advice import (
    DataSet,
    advise,
    advise_all_alike,
    always,
    distances,
    expected_distances,
    losses,
    random_losses,
)
from answer_differences import KINDS, Results, difference_table, figure_rows, mean_scores, planned, rank_line, real
from answer_figure import draw_differences
from measured_page import short

from seqtwin.files import publish_text, read_json

ROOT = Path(__file__).parent.parent
HOME, PAGE = ROOT / "experiments" / "answer", ROOT / "reports" / "answer"
SEEDS, SEEDS_OF_ONE = 10, 5
LEVEL = 0.005  # a smaller distance from the best pairing counts as level with it


def data_sets(results: Results) -> list[DataSet]:
    """The real data sets as the advice sees them."""
    return [
        DataSet(name, own["kind"], own["unit"], mean_scores(own, "dev"), mean_scores(own, "test"))
        for name, own in real(results).items()
    ]


def named(pairing: tuple[str, str]) -> str:
    """A pairing as the page has it."""
    return f"`{pairing[0]}`, `{pairing[1]}`"


def shares(own: Mapping[str, Any]) -> dict[str, float]:
    """Shares of the variance of test scores: representation, loss, their interaction, and the rest (seeds).

    Only pairings with two directions, and seeds that all of them have.
    """
    rows = [row for row, pairing in enumerate(own["pairings"]) if pairing[0] == "two"]
    table = np.array([own["test"][row] for row in rows], dtype=float)
    table = table[:, ~np.isnan(table).any(axis=0)]
    views = list(dict.fromkeys(own["pairings"][row][1] for row in rows))
    names = list(dict.fromkeys(own["pairings"][row][2] for row in rows))
    values = np.empty((len(views), len(names), table.shape[1]))
    for row, scores in zip(rows, table, strict=True):
        _, view, loss = own["pairings"][row]
        values[views.index(view), names.index(loss)] = scores
    centred = values - values.mean()
    by_view, by_loss = centred.mean(axis=(1, 2)), centred.mean(axis=(0, 2))
    both = centred.mean(axis=2) - by_view[:, None] - by_loss[None]
    total = float((centred**2).mean())
    parts = {"representation": by_view, "loss": by_loss, "both": both}
    found = {name: float((part**2).mean()) / total for name, part in parts.items()}
    return {**found, "seeds": abs(1 - sum(found.values()))}  # with one seed 0 up to rounding


def advice_table(results: Results) -> str:
    """For each kind of labels and unit of steps: where to start, what is level with it, what to avoid."""
    sets = data_sets(results)
    lines = [
        "| labels, steps | measured on | start with | expected distance from the best | level with it | avoid |",
        "| --- | --- | --- | ---: | --- | --- |",
    ]
    for kind, unit in dict.fromkeys((own.kind, own.unit) for own in sets):
        expected = sorted(expected_distances((kind, unit), sets).items(), key=lambda item: item[1])
        (first, least), (last, most) = expected[0], expected[-1]
        level = "; ".join(named(pairing) for pairing, value in expected[1:5] if value - least <= LEVEL)
        names = ", ".join(own.name for own in sets if (own.kind, own.unit) == (kind, unit))
        lines.append(
            f"| {KINDS[kind]}, {unit} | {names} | {named(first)} | {short(least)} | {level or 'none'} | "
            f"{named(last)} ({short(most)}) |"
        )
    return "\n".join(lines)


def loss_table(results: Results) -> str:
    """What each rule loses on the data set that is left out."""
    sets = data_sets(results)
    rules = {
        "the advice": losses(advise, sets),
        "the same without weights": losses(advise_all_alike, sets),
        "always `max_output`, `mse`": losses(always(("max_output", "mse")), sets),
        "always `final_hidden`, `mse`": losses(always(("final_hidden", "mse")), sets),
        "drawn at random (mean)": random_losses(sets),
    }
    names = [own.name for own in sets]
    lines = [f"| rule | median | largest | {' | '.join(names)} |", f"| --- |{' ---: |' * (len(sets) + 2)}"]
    for rule, lost in rules.items():
        each = " | ".join(short(lost[name]) for name in names)
        lines.append(
            f"| {rule} | {short(float(np.median(list(lost.values()))))} | {short(max(lost.values()))} | {each} |"
        )
    return "\n".join(lines)


def score_table(results: Results) -> str:
    """The best pairing of each data set in hindsight, with the shares of the variance."""
    lines = [
        "| data set | labels, steps | metric | best in hindsight | score | level with it "
        "| representation | loss | both | seeds |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, own in results.items():
        test = mean_scores(own, "test")
        best = max(test, key=lambda pairing: test[pairing])
        level = sum(value <= LEVEL for value in distances(test).values()) - 1
        parts = " | ".join(f"{share:.0%}" for share in shares(own).values())
        metric, note = own["metric"].replace("_", " "), " (synthetic)" if own["synthetic"] else ""
        lines.append(
            f"| {name}{note} | {own['kind']}, {own['unit']} | {metric} | "
            f"{named(best)} | {short(test[best])} | {level} of {len(test)} | {parts} |"
        )
    return "\n".join(lines)


def seeds_line(results: Results) -> str:
    """How many of the planned seeds are complete."""
    parts = []
    for direction, asked in (("two", SEEDS), ("one", SEEDS_OF_ONE)):
        counts = sorted({len(own["seeds"][direction]) for own in results.values()})
        shown = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        parts.append(f"{shown} of {asked} planned seeds with {direction} direction{'s' * (direction == 'two')}")
    return " and ".join(parts)


def direction_sections(results: Results) -> str:
    """The differences with one direction; empty while nothing was trained with one."""
    both, one = planned(results, "two - one"), planned(results, "one: ")
    if not both or not one:
        return ""
    return f"""## One direction or two

{difference_table(results, both)}

With one direction alone:

{difference_table(results, one)}

"""


def unfinished_line(results: Results) -> str:
    """A warning while seeds are missing."""
    asked = {"two": SEEDS, "one": SEEDS_OF_ONE}
    missing = [
        name for name, count in asked.items() if any(len(own["seeds"][name]) < count for own in results.values())
    ]
    if not missing:
        return ""
    if missing == ["one"]:
        return "\n**One direction is not finished.** Its figures, which have a section of their own, will move.\n"
    return "\n**Not finished.** The rest of the plan is not trained yet, and these figures will move.\n"


def page(results: Results, pilot: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    trained = sum(sum(value is not None for value in row) for own in results.values() for row in own["test"])
    hours = sum(own["cpu_seconds"] for own in results.values()) / 3600
    failed = [line for own in results.values() for line in own["failed"]]
    gain = max(value for own in pilot.values() for value in own["gains"].values())
    return f"""# Which view of an RNN's states, with which loss?

Written by `python benchmarks/answer_page.py` from [results.json](../../experiments/answer/results.json). The
[plan](../../experiments/answer/PLAN.md) was fixed before the first training. {trained:,} trainings in {hours:.1f}
CPU-hours: {seeds_line(results)}; {len(failed)} more ended without a result.
Ten real data sets are the sample. Two synthetic ones are in no average. Scores are Spearman correlations for graded
scores and ROC-AUC for labels, on test. Since the fourth seed, up to eight pairings of a seed train side by side
(`--stack on`), with the same numbers up to rounding.
{unfinished_line(results)}
![Differences between representations and between losses on every data set](differences.svg)

## In general

{difference_table(results, [*planned(results, "two: ", "final_hidden"), *planned(results, "two: ", " - mse")])}

Each line is a mean over all losses, or over all representations. *Spread*: the standard deviation between data
sets. The intervals and probabilities are from a hierarchical model whose sample are the data sets. *Graded, pairs,
classes*: means over the data sets with graded scores, labelled pairs, and pairs made of classes.

Average ranks of the representations, 1 is best: {rank_line(results, 0)}

Average ranks of the losses: {rank_line(results, 1)}

## If your data look like this, start with that

{advice_table(results)}

Level: at most .005 further from the best on average. The distances are on dev.

The advice was checked by leaving out one data set at a time. The table has what following it loses there on test,
against the best pairing known in hindsight. Asked: median at most .005, largest at most .02.

{loss_table(results)}

{direction_sections(results)}## Each data set

{score_table(results)}

The last four columns are shares of the variance of test scores within the data set, over pairings and seeds:
representation, loss, their interaction, and the rest, which is seeds.

All pairings of a data set have the same learning rate. In the pilot no loss would have gained more than {short(gain)}
on dev from a rate of its own ([pilot.json](../../experiments/answer/pilot.json)).
"""


def figure(results: Results) -> str:
    """The figure as SVG text."""
    views, of_losses = planned(results, "two: ", "final_hidden"), planned(results, "two: ", " - mse")
    return draw_differences(
        {
            "representation - final_hidden, mean over losses": figure_rows(results, views),
            "loss - mse, mean over representations": figure_rows(results, of_losses),
        }
    )


def main() -> None:
    """Write the page and its figure."""
    results, pilot = read_json(HOME / "results.json"), read_json(HOME / "pilot.json")
    publish_text(PAGE / "differences.svg", figure(results))
    publish_text(PAGE / "README.md", page(results, pilot))


if __name__ == "__main__":
    main()
