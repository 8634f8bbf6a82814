"""How much longer to train: one rule for the advice of `train`, of a report and of `explain`."""

RISING, ON_PLATEAU = 2, 5  # times as many epochs: for a metric that still rises on dev, for a loss still on its plateau
_WORDS = {RISING: "twice", ON_PLATEAU: "five times"}


def times_longer(*, stuck: bool) -> int:
    """How many times as many epochs to train. `stuck`: whether any loss is still on its plateau, or left it late.

    >>> times_longer(stuck=True)
    5
    """
    return ON_PLATEAU if stuck else RISING


def in_words(*, stuck: bool) -> str:
    """The same in words.

    >>> in_words(stuck=False)
    'twice'
    """
    return _WORDS[times_longer(stuck=stuck)]
