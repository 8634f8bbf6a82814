"""The budget of a quick study on its page: the minutes, trainings and steps spent, and the pairings stopped early."""

from seqtwin.metrics import metric_name
from seqtwin.quick_budget import QuickBudget, StoppedPairing
from seqtwin.reporting.formatting import count, digits, many
from seqtwin.reporting.page.sortable_tables import listing, number
from seqtwin.reporting.page.template_values import Entry, Sheet
from seqtwin.reporting.table.study_table import StudyTable

_SHOWN = 3


def budget_lines(budget: QuickBudget | None) -> list[str]:
    """Sentences on what was allowed and spent, and on what was left out; none for other studies."""
    if not budget:
        return []
    lines = [_spent(budget), _stopped(budget), _untrained(budget)]
    if budget["time_up"]:
        lines.append("The time was up before every training had finished. The same command continues the study.")
    return [line for line in lines if line]


def _spent(budget: QuickBudget) -> str:
    trained = f"{many(budget['trainings'], 'training')} ({count(budget['steps'])} steps)"
    rows = f"{count(budget['rows'])} training rows"
    if budget["rows"] < budget["of_rows"]:
        rows = f"a random sample of {count(budget['rows'])} of {count(budget['of_rows'])} training rows"
    allowed = f"{budget['minutes']:g} minutes on {budget['processes']} process{'es' if budget['processes'] > 1 else ''}"
    return f"Quick study: {budget['spent']:.1f} of {allowed} were spent on {trained} with {rows}."


def _stopped(budget: QuickBudget) -> str:
    stopped = [one for one in budget["stopped"] if one["epochs"]]
    if not stopped:
        return ""
    best = sorted(stopped, key=lambda one: -(one["dev"] if one["dev"] is not None else -1.0))
    named = [f"`{_name(one)}` {digits(one['dev'])} after {many(one['epochs'], 'epoch')}" for one in best[:_SHOWN]]
    more = f" and {len(stopped) - _SHOWN} more" if len(stopped) > _SHOWN else ""
    text = f"{many(len(stopped), 'pairing')} {'was' if len(stopped) == 1 else 'were'} stopped early, by the"
    return (
        f"{text} {metric_name(budget['metric'])} on dev of short trainings with one seed, and no comparison includes "
        f"{'it' if len(stopped) == 1 else 'them'}: {', '.join(named)}{more}."
    )


def _untrained(budget: QuickBudget) -> str:
    """The pairings that no short training finished of, which the order of the grid decided and not their values."""
    names = [f"`{_name(one)}`" for one in budget["stopped"] if not one["epochs"]]
    if not names:
        return ""
    were = (
        "pairing was not trained, because it failed or the time was up"
        if len(names) == 1
        else ("pairings were not trained, because they failed or the time was up")
    )
    return f"{len(names)} {were}: {', '.join(names)}. A study with more minutes and another --out trains them."


def _name(one: StoppedPairing) -> str:
    first = [one["labels"][key] for key in ("representation", "loss") if one["labels"].get(key)]
    rest = [f"{key} {label}" for key, label in one["labels"].items() if key not in ("representation", "loss")]
    return " with ".join(first) + (f" ({', '.join(rest)})" if rest else "")


def stopped_sheet(table: StudyTable) -> Sheet | None:
    """The pairings that were stopped early, with their best value on dev; None where there are none."""
    budget = table.meta.get("quick")
    if not budget or not budget["stopped"]:
        return None
    keys = list(budget["stopped"][0]["labels"])
    heads = [*keys, "stopped after round", "epochs", f"best {metric_name(budget['metric'])} on dev"]
    rows = [
        [*(Entry(one["labels"][key], one["labels"][key]) for key in keys), number(one["round"], str(one["round"])),
         number(one["epochs"], str(one["epochs"])), number(one["dev"], digits(one["dev"]))]
        for one in budget["stopped"]
    ]  # fmt: skip
    caption = (
        "Pairings that were not trained to the end. Each value is that of one short training with the seed of tuning, "
        "so it describes the first epochs only. – : its training did not finish."
    )
    return listing("stopped", caption, heads, rows)
