"""What the service accepts, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one request, and all of them together, may ask for. Sizes in bytes and characters, times in seconds.

    >>> Limits().texts, Limits(texts=8).texts
    (256, 8)
    """

    body: int = 1 << 20
    headers: int = 16 << 10
    bodies: int = 64 << 20  # of all requests that are being read or answered
    texts: int = 256  # texts, pairs or queries of one request
    text: int = 100_000
    explained: int = 500  # leaving out each step of a text costs the square of its length
    neighbours: int = 1000  # per query
    in_flight: int = 64
    queued: int = 256
    connections: int = 1024
    header_seconds: float = 5.0
    body_seconds: float = 10.0
    request_seconds: float = 30.0
    farewell_seconds: int = 10  # what a request in flight may still take once the service is told to end
    retry_seconds: int = 1  # what a refused client is told to wait
    batch: int = 256  # texts of one call of the model
    gather_seconds: float = 0.002  # how long a call waits for others to join
