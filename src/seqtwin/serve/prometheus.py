"""The metrics of the service, in the text format of Prometheus."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)


class Histogram:
    """Counts of values at or below each bound.

    >>> seen = Histogram((1.0, 2.0))
    >>> for value in (0.5, 1.0, 3.0): seen.add(value)
    >>> print("\\n".join(seen.lines("size", "")))
    size_bucket{le="1"} 2
    size_bucket{le="2"} 2
    size_bucket{le="+Inf"} 3
    size_sum 4.5
    size_count 3
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds, self.counts, self.sum = tuple(bounds), [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def lines(self, name: str, labels: str) -> list[str]:
        """The histogram in the Prometheus format. `labels`: such as `path="/x"`, or empty."""
        buckets, total = [], 0
        for bound, count in zip([*(f"{b:g}" for b in self.bounds), "+Inf"], self.counts, strict=True):
            total += count
            both = ",".join(part for part in (labels, f'le="{bound}"') if part)
            buckets.append(f"{name}_bucket{{{both}}} {total}")
        braces = f"{{{labels}}}" if labels else ""
        return [*buckets, f"{name}_sum{braces} {self.sum:g}", f"{name}_count{braces} {total}"]


@dataclass
class Metrics:
    """The counters of one service. Only its event loop may change them."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(lambda: Histogram(SECONDS)))
    batches: Histogram = field(default_factory=lambda: Histogram(SIZES))
    in_flight: int = 0
    queued: int = 0
    refused: int = 0
    ready: bool = True

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests[path, status] += 1
        self.seconds[path].add(seconds)

    def text(self) -> str:
        """All metrics in the Prometheus text format."""
        lines = _head("requests_total", "counter", "answered requests by path and status")
        for (path, status), count in sorted(self.requests.items()):
            lines.append(f'seqtwin_requests_total{{path="{path}",status="{status}"}} {count}')
        lines += _head("request_seconds", "histogram", "time from the first byte of a request to its response")
        for path, histogram in sorted(self.seconds.items()):
            lines += histogram.lines("seqtwin_request_seconds", f'path="{path}"')
        lines += _head("batch_size", "histogram", "texts, pairs or queries per call of the model")
        lines += self.batches.lines("seqtwin_batch_size", "")
        for name, kind, help_text, value in self._values():
            lines += [*_head(name, kind, help_text), f"seqtwin_{name} {value}"]
        return "\n".join(lines) + "\n"

    def _values(self) -> list[tuple[str, str, str, int]]:
        return [
            ("in_flight", "gauge", "requests being answered", self.in_flight),
            ("queue_length", "gauge", "requests waiting in the queue", self.queued),
            ("refused_total", "counter", "requests refused because the queue was full", self.refused),
            ("ready", "gauge", "1 while the service accepts requests", int(self.ready)),
        ]


def _head(name: str, kind: str, help_text: str) -> list[str]:
    return [f"# HELP seqtwin_{name} {help_text}", f"# TYPE seqtwin_{name} {kind}"]
