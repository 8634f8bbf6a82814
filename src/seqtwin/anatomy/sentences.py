"""The findings of an anatomy as sentences and as numbers; `code` stands in backticks."""

from seqtwin.anatomy.records import Anatomy, Statement

TINY = 5e-4  # below it three decimals would say zero
JOINERS = "\u200c\u200d"
BLANKS = {" ": "␣", "\t": "⇥", "\n": "⏎"}


def headline(a: Anatomy) -> str:
    """The finding, in one sentence: whether `output[-1]` is `h_n` here."""
    same = a.statement("last_is_final")
    if same.equal and a.time == 1 and a.body.directions == 2:
        return "With a single step, `output[-1]` is `h_n`"
    if same.equal and not same.by_construction:
        return "For this text `output[-1]` is `h_n`, by chance"
    return f"In this encoder `output[-1]` is {'' if same.equal else 'not '}`h_n`"


def answer(a: Anatomy) -> str:
    """Why, in two sentences or three."""
    return _one_direction(a) if a.body.directions == 1 else _two_directions(a)


def _one_direction(a: Anatomy) -> str:
    lower = a.body.layers - 1
    held = f" `h_n` also holds {_many(lower, 'lower layer')}, which no output shows." if lower else ""
    return (
        "One direction: the output of the last real step is the final hidden state of the top layer, entry by entry."
        f"{held} In a padded batch that step is `lengths - 1`, not the last column."
    )


def _two_directions(a: Anatomy) -> str:
    if a.time == 1:
        return f"Both directions begin and end at the only step. With two {a.unit} or more the backward halves part."
    read = a.read_at(a.time - 1, 1)
    same = "The forward halves are the same."
    if read == 1:
        had = f"The backward half of `output[-1]` has read one {_noun(a)} only, {shown(a, a.time - 1)};"
    else:
        had = (
            f"The backward half of `output[-1]` has made one step in its own layer (the layer below it has read "
            f"{_all(a, read)});"
        )
    whole = a.read_at(0, 1)
    done = f"that of `h_n` has read {_all(a, whole)}" if read == 1 else f"that of `h_n` has made all {a.time}"
    return f"{same} {had} {done} and stands in `output[0]`."


def advice(a: Anatomy) -> str:
    """What to take instead, or with what care."""
    if a.body.directions == 1:
        return "For one vector a text take `h_n[-1]` (`final_hidden`), or pool over the real steps."
    return (
        "For one vector a text take both ends, `torch.cat([h_n[-2], h_n[-1]], dim=1)` (`final_hidden`), or pool over "
        "the real steps."
    )


def padding(a: Anatomy) -> str:
    """What a longer text beside it changes."""
    own, packed, over = (a.companion(key) for key in ("own", "packed", "over_pads"))
    moved = max(part.change for part in over.parts if part.name.startswith("h_n"))
    quiet = max(part.change for way in (own, packed) if not way.changed for part in way.parts[:-1])
    safe = "Masked or packed" if not own.changed else "Packed"
    text = f"{safe}, a longer text beside it changes nothing (largest difference {number(quiet)})."
    text += f" Run over the pads, `h_n` moves by {number(moved)}."
    if own.changed:
        most = max(part.change for part in own.parts[:-1])
        text += f" This encoder was made to read its pads (`padding: read`): its states move by {number(most)}."
    return text


def cell(a: Anatomy) -> str:
    """Where c_n is, or that there is none."""
    if not a.body.memory:
        name = "An RNN" if a.body.cell == "rnn" else f"A {a.body.cell.upper()}"
        return f"{name} has no `c_n`: its state is its output."
    return "`c_n` stands in no output."


def number(value: float | None) -> str:
    """A difference: without a leading zero, three decimals, or its size where that would say zero.

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
    """A shape as it is written.

    >>> sizes((2, 9))
    '[2, 9]'
    """
    return f"[{', '.join(map(str, shape))}]"


def token(text: str, most: int = 12) -> str:
    """A token so that it can be seen: blanks as signs, the unprintable as a dot, long ones cut.

    >>> token(" "), token("incomprehensibilities")
    ('␣', 'incomprehen…')
    """
    if text and not text.strip(JOINERS):
        return "·"
    seen = "".join(BLANKS.get(sign, sign if sign.isprintable() or sign in JOINERS else "·") for sign in text)
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


def told(text: str, most: int = 60) -> str:
    """A text in one line, cut.

    >>> told("to\\n be")
    'to be'
    """
    line = "".join(sign if sign.isprintable() or sign in JOINERS else " " for sign in text)
    line = " ".join(line.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def shown(a: Anatomy, step: int) -> str:
    """A step as running text names it."""
    return f"“{token(a.steps[step])}”" if a.unit == "tokens" else f"step {step + 1}"


def cut(a: Anatomy, drawn: int) -> str:
    """A sentence on what is not drawn, empty where all is."""
    if drawn >= a.time:
        return ""
    head = drawn // 2
    return f"Drawn are the first {head} and the last {drawn - head} of {a.time} steps; checked were all."


def unknown(a: Anatomy) -> str:
    """A sentence on tokens that the vocabulary lacks, empty where there are none."""
    if not a.unknown:
        return ""
    names = list(dict.fromkeys(shown(a, step) for step in a.unknown))
    listed = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    return f"Not in the vocabulary, so read as the unknown token: {listed}."


def why(one: Statement) -> str:
    """Why a statement holds or not; where chance made it hold, that."""
    chance = "Equal for this text, though it need not be. " if one.equal and not one.by_construction else ""
    return chance + one.why


def verdict(equal: bool) -> str:
    """yes or no."""
    return "yes" if equal else "no"


def _all(a: Anatomy, count: int) -> str:
    return f"all {_many(count, _noun(a))}" if count == a.time else _many(count, _noun(a))


def _noun(a: Anatomy) -> str:
    return a.unit.removesuffix("s")


def _many(count: int, noun: str) -> str:
    return f"{'one' if count == 1 else count} {noun}{'' if count == 1 else 's'}"
