"""How every benchmark prints a figure beside what was asked of it."""


def show(name: str, figure: float, asked: str, holds: bool, unit: str = "") -> None:
    """One line: what was measured, the figure, what was asked, whether it holds."""
    print(f"{'ok   ' if holds else 'BELOW'}  {name:<56s} {figure:8.3f}{unit:<3s} asked {asked}", flush=True)


def show_plain(name: str, figure: float, unit: str = "") -> None:
    """One line for a figure of which nothing was asked."""
    print(f"       {name:<56s} {figure:8.3f}{unit}", flush=True)
