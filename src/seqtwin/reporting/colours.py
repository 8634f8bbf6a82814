"""The colours of pages and figures: the palette, and background and text colour of a heat-map value."""

# light and dark value of each colour; figures use the light one, the page replaces it by a CSS variable
COLOURS = {
    "ink": ("#16242c", "#e6edf1"), "soft": ("#586770", "#9fb0ba"), "line": ("#dfe6ea", "#2a3a43"),
    "paper": ("#fbfcfc", "#10181d"), "card": ("#ffffff", "#162127"), "accent": ("#0f4d6b", "#7cc4e6"),
    "warn": ("#b84e14", "#f0a060"), "pale": ("#c9d6dd", "#41535e"),
    "c1": ("#104e6c", "#7cc4e6"), "c2": ("#157a74", "#5cc4bb"), "c3": ("#57761f", "#a9cf62"),
    "c4": ("#6d4fa3", "#b9a3ea"), "c5": ("#a4407a", "#e995c6"), "c6": ("#5f6b73", "#b4c0c7"),
}  # fmt: skip
SERIES = ("c1", "c2", "c3", "c4", "c5", "c6")
LOSS_SERIES = ("c1", "c5", "c3", "c4", "c2", "c6")
# ends of the colour scale of a heat map in light and dark theme; lowest contrast of readable text
_PALE, _DEEP = (233, 240, 244), (15, 77, 107)
_DIM, _BRIGHT = (168, 188, 200), (13, 74, 106)
_FEWEST = 4.5

Colour = tuple[int, int, int]
_INKS: tuple[Colour, Colour] = ((255, 255, 255), (22, 36, 44))


def hue(index: int) -> str:
    """The light value of the colour of the nth representation."""
    return light(SERIES[index % len(SERIES)])


def loss_hue(index: int) -> str:
    """The light value of the colour of the nth loss; neighbours differ strongly, since thin lines cross."""
    return light(LOSS_SERIES[index % len(LOSS_SERIES)])


def light(name: str) -> str:
    """The light value of a named colour."""
    return COLOURS[name][0]


def style(share: float) -> str:
    """Background and text colour of a value between worst (0) and best (1), light and dark, as CSS variables."""
    (ground, text), (dark_ground, dark_text) = painted(share, _PALE, _DEEP), painted(share, _DIM, _BRIGHT)
    return f"--g:{ground};--t:{text};--gd:{dark_ground};--td:{dark_text}"


def painted(share: float, pale: Colour, deep: Colour) -> tuple[str, str]:
    """Background and text colour of a value between pale (0) and deep (1), with a contrast of at least 4.5 : 1.

    >>> painted(1.0, (233, 240, 244), (15, 77, 107))
    ('#0f4d6b', '#ffffff')
    """
    share = min(max(share, 0.0), 1.0)
    # skip the few backgrounds on which neither text colour is readable
    steps = sorted(range(101), key=lambda step: abs(step / 100 - share))
    grounds = (_mixed(step / 100, pale, deep) for step in steps)
    ground, ink = next((g, ink) for g in grounds for ink in _INKS if contrast(g, ink) >= _FEWEST)
    return _hex(ground), _hex(ink)


def _mixed(share: float, pale: Colour, deep: Colour) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(pale, deep, strict=True))
    return red, green, blue


def contrast(a: Colour, b: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21. Source: WCAG 2.1, relative luminance."""
    first, second = sorted((_luminance(a), _luminance(b)))
    return (second + 0.05) / (first + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [value / 255 for value in colour]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{value:02x}" for value in colour)
