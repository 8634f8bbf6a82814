"""One cell of a heat map: the numbers, marks and colours that the template shows for a pairing."""

from collections.abc import Sequence

import pandas as pd

from seqtwin.reporting.colours import style
from seqtwin.reporting.formatting import digits, listed, many, settled
from seqtwin.reporting.page.template_values import Context, Row
from seqtwin.reporting.table.facet import Ends


def heat_cell(
    name: str, pairing: Row, letters: str, share: float, seeds: list[float], marks: Sequence[tuple[str, str]],
    ends: Ends,
) -> Context:  # fmt: skip
    """One cell as the template shows it.

    `share`: place of the pairing from worst (0) to best (1). `seeds`: test value of each seed. `marks`: (card id,
    sentence) for each warning. `ends`: lowest and highest value of the strip of dots.
    """
    low, high = ends
    span, has_interval = (high - low) or 1.0, pd.notna(pairing["low"])
    half = (pairing["high"] - pairing["low"]) / 2
    spread: str = f"± {digits(half)}" if has_interval else "no interval" if seeds else "no result"
    learned = pairing.get("learned", float("nan"))
    spread = f"mean of {learned:.0f} of {len(seeds)} seeds (R06)" if pd.notna(learned) else spread
    parts = [f"{name}: {digits(pairing['mean'])}"]
    parts += [f"95 % interval {digits(pairing['low'])} to {digits(pairing['high'])}"] if has_interval else []
    parts += [f"mean of the {many(int(learned), 'seed')} that learned (R06)"] if pd.notna(learned) else []
    parts += [f"tie group {' and '.join(letters)}"] if letters else []
    parts += [f"seeds {listed([digits(value) for value in seeds])}"] if seeds else ["no finished seed"]
    return {
        "value": digits(pairing["mean"]), "half": spread, "letters": letters,
        "style": style(share) if pd.notna(share) else "", "chosen": bool(pairing["chosen"]), "warnings": list(marks),
        "dots": [round(settled(100 * min(max((value - low) / span, 0.0), 1.0)), 1) for value in seeds],
        "summary": "; ".join([*parts, *(sentence for _, sentence in marks)]) + ".",
    }  # fmt: skip
