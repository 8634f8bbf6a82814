"""The scores of the probes of an encoder, and the verdict on them in words."""

from dataclasses import asdict, dataclass

OWN = "as trained"
CLOSE = 0.03  # smaller differences are not mentioned


@dataclass(frozen=True)
class Probed:
    """The score of one head on one representation. `low`, `high`: 95 % bootstrap interval; None with few rows."""

    representation: str
    head: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Probes:
    """The scores of all heads on all representations.

    `metric`: its name; `chance`: its value for a constant answer; `rows`: their number.
    """

    metric: str
    chance: float
    rows: int
    found: tuple[Probed, ...]

    def best(self, head: str) -> Probed:
        """The best score of this head over all representations."""
        return max((probed for probed in self.found if probed.head == head), key=lambda probed: probed.value)

    def of(self, representation: str, head: str) -> Probed:
        """The score of one head on one representation."""
        return next(probed for probed in self.found if (probed.representation, probed.head) == (representation, head))

    @property
    def verdict(self) -> str:
        """Whether the information is in the vector, and whether its similarity uses it, in words."""
        linear, alone, best = self.of(OWN, "linear"), self.of(OWN, "similarity"), self.best("linear")
        sentences = []
        if best.value > linear.value + CLOSE:
            sentences.append(f"{best.representation} contains more than the trained vector ({linear.value:.3f}).")
        if linear.value > alone.value + CLOSE:
            sentences.append("The similarity does not use all of it: another similarity or loss may score higher.")
        return " ".join(sentences) or "The similarity uses all the information in the vector."

    def as_dict(self) -> dict[str, object]:
        """The scores and the verdict as a JSON object."""
        probes = [asdict(probed) for probed in self.found]
        return {
            "metric": self.metric,
            "chance": self.chance,
            "rows": self.rows,
            "probes": probes,
            "verdict": self.verdict,
        }
