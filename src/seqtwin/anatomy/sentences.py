"""The findings of an anatomy as sentences and numbers; code is in backticks."""

from seqtwin.anatomy.records import Anatomy, Statement

TINY = 5e-4  # smaller values would round to zero at three decimals
JOINERS = "\u200c\u200d"
BLANKS = {" ": "␣", "\t": "⇥", "\n": "⏎"}


def headline(a: Anatomy) -> str:
    """The finding, in one sentence: whether `output[-1]` is `h_n` here."""
    same = a.statement("last_is_final")
    if same.equal and a.time == 1 and a.body.directions == 2:
        return "With a single step, `output[-1]` is `h_n`"
    if same.equal and not same.by_construction:
        return "For this text `output[-1]` is `h_n`, by chance"
    return f"In this encoder, `output[-1]` is {'' if same.equal else 'not '}`h_n`"


def answer(a: Anatomy) -> str:
    """The reason, in two or three sentences."""
    return _one_direction(a) if a.body.directions == 1 else _two_directions(a)


def _one_direction(a: Anatomy) -> str:
    lower = a.body.layers - 1
    more = f" `h_n` also contains {_many(lower, 'lower layer')}, which `output` does not." if lower else ""
    return (
        "With one direction, the output of the last real step is the final hidden state of the top layer, entry by "
        f"entry.{more} In a padded batch that step is `lengths - 1`, not the last column."
    )


def _two_directions(a: Anatomy) -> str:
    if a.time == 1:
        return f"Both directions begin and end at the only step. With two or more {a.unit}, the backward halves differ."
    read = a.read_at(a.time - 1, 1)
    same = "The forward halves are equal."
    if read == 1:
        last = f"The backward half of `output[-1]` has read only one {_noun(a)}, {shown(a, a.time - 1)}."
    else:
        last = (
            f"The backward half of `output[-1]` has made only one step in its own layer, although the layer below has "
            f"read {_all(a, read)}."
        )
    done = f"read {_all(a, a.read_at(0, 1))}" if read == 1 else f"made all {a.time} steps"
    return f"{same} {last} The backward half of `h_n` has {done}; it is in `output[0]`."


def advice(a: Anatomy) -> str:
    """What to use for one vector per text."""
    if a.body.directions == 1:
        return "For one vector per text, use `h_n[-1]` (`final_hidden`), or pool over the real steps."
    return (
        "For one vector per text, use both ends, `torch.cat([h_n[-2], h_n[-1]], dim=1)` (`final_hidden`), or pool "
        "over the real steps."
    )


def padding(a: Anatomy) -> str:
    """The effect of a longer text in the same batch."""
    own, packed, over = (a.companion(key) for key in ("own", "packed", "over_pads"))
    moved = max(part.change for part in over.parts if part.name.startswith("h_n"))
    quiet = max(part.change for way in (own, packed) if not way.changed for part in way.parts[:-1])
    safe = "With masking or packing" if not own.changed else "With packing"
    text = f"{safe}, a longer text in the batch changes nothing (largest difference {number(quiet)})."
    text += f" Run over the pads, `h_n` changes by {number(moved)}."
    if own.changed:
        most = max(part.change for part in own.parts[:-1])
        text += f" This encoder is set to read its pads (`padding: read`), which changes its states by {number(most)}."
    return text


def cell(a: Anatomy) -> str:
    """Whether there is a c_n, and that no output contains it."""
    if not a.body.memory:
        name = "An RNN" if a.body.cell == "rnn" else f"A {a.body.cell.upper()}"
        return f"{name} has no `c_n`: its state is its output."
    return "`c_n` is not in any output."


def number(value: float | None) -> str:
    """A difference with three decimals and no leading zero, or in scientific notation if it would round to zero.

    >>> [number(value) for value in (0.0, 0.4246, 1.25, 6e-8, None)]
    ['0', '.425', '1.250', '6e-8', '\u2013']
    """
    if value is None:
        return "–"
    if value == 0 or abs(value) >= TINY:
        text = f"{abs(value):.3f}" if value else "0"
        return ("−" if value < 0 else "") + (text[1:] if text.startswith("0.") else text)
    mantissa, exponent = f"{value:.0e}".replace("-", "−", 1 if value < 0 else 0).split("e")
    return f"{mantissa}e{int(exponent)}"


def sizes(shape: tuple[int, ...]) -> str:
    """A shape as text.

    >>> sizes((2, 9))
    '[2, 9]'
    """
    return f"[{', '.join(map(str, shape))}]"


def token(text: str, most: int = 12) -> str:
    """A token made visible: blanks as symbols, unprintable characters as a dot, long tokens cut.

    >>> token(" "), token("incomprehensibilities")
    ('␣', 'incomprehen…')
    """
    if text and not text.strip(JOINERS):
        return "·"
    seen = "".join(BLANKS.get(sign, sign if sign.isprintable() or sign in JOINERS else "·") for sign in text)
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def one_line(text: str, most: int = 60) -> str:
    """A text on one line, cut to `most` characters.

    >>> one_line("to\\n be")
    'to be'
    """
    line = "".join(sign if sign.isprintable() or sign in JOINERS else " " for sign in text)
    line = " ".join(line.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def shown(a: Anatomy, step: int) -> str:
    """The name of a step in running text."""
    return f"“{token(a.steps[step])}”" if a.unit == "tokens" else f"step {step + 1}"


def cut(a: Anatomy, drawn: int) -> str:
    """A sentence about the steps not drawn, empty if all are."""
    if drawn >= a.time:
        return ""
    head = drawn // 2
    return f"Shown: the first {head} and the last {drawn - head} of {a.time} steps. All steps were checked."


def unknown(a: Anatomy) -> str:
    """A sentence about tokens that are not in the vocabulary, empty if there are none."""
    if not a.unknown:
        return ""
    names = list(dict.fromkeys(shown(a, step) for step in a.unknown))
    listed = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    return f"Not in the vocabulary, treated as the unknown token: {listed}."


def why(statement: Statement) -> str:
    """Why a statement is true or not, with a remark if it is true only by chance."""
    by_chance = statement.equal and not statement.by_construction
    return ("Equal for this text, but not in general. " if by_chance else "") + statement.why


def verdict(equal: bool) -> str:
    """`yes` or `no`."""
    return "yes" if equal else "no"


def _all(a: Anatomy, count: int) -> str:
    return f"all {_many(count, _noun(a))}" if count == a.time else _many(count, _noun(a))


def _noun(a: Anatomy) -> str:
    return a.unit.removesuffix("s")


def _many(count: int, noun: str) -> str:
    return f"{'one' if count == 1 else count} {noun}{'' if count == 1 else 's'}"
