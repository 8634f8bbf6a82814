"""The files next to a training whose config a race chooses (`train --auto`). They are removed when it is published."""

from pathlib import Path


def winner_file(folder: Path) -> Path:
    """The config of the winner of a race, while it is trained."""
    return folder.with_name(f"{folder.name}.auto.yaml")


def race_journal(folder: Path) -> Path:
    """The trainings of the race that have ended, until the winner is trained."""
    return folder.with_name(f"{folder.name}.auto.json")


def race_file(folder: Path) -> Path:
    """The results of the race, while its winner is trained."""
    return folder.with_name(f"{folder.name}.auto.csv")
