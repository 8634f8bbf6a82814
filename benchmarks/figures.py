"""Prints the figures of the benchmarks next to their requirements."""


def show(name: str, figure: float, required: str, holds: bool, unit: str = "") -> None:
    """One line with the figure, its requirement, and whether it meets it."""
    print(f"{'ok   ' if holds else 'BELOW'}  {name:<56s} {figure:8.3f}{unit:<3s} required {required}", flush=True)


def show_plain(name: str, figure: float, unit: str = "") -> None:
    """One line for a figure without a requirement."""
    print(f"       {name:<56s} {figure:8.3f}{unit}", flush=True)
