"""What to do with a table that has texts but no labels: it is pairs, or a list."""

import shlex
from collections.abc import Sequence

USUAL = (
    "expected left, right and score or label; or text and label; or sent_id, token and upos; "
    "or series_id, t, ch0, ... and label"
)


def unlabelled_remedy(texts: Sequence[str]) -> str:
    """The remedy for a table without labels, with the options that name its columns of `texts`.

    >>> unlabelled_remedy(["name"])
    'name the column of classes: --label NAME; for a list without classes: seqtwin init --text name'
    """
    names = [shlex.quote(name) for name in texts]
    if not names:
        return USUAL
    if len(names) == 1:
        return f"name the column of classes: --label NAME; for a list without classes: seqtwin init --text {names[0]}"
    sides = f"--left {names[0]} --right {names[1]}"
    return (
        f"for pairs, name both sides and the label: {sides} --label NAME; if all pairs are the same, without a label: "
        f"seqtwin init {sides} --all-same. Otherwise {USUAL}"
    )
