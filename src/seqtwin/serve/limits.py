"""The limits of the service, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one request, and of all requests together. Sizes in bytes or characters, times in seconds.

    >>> Limits().texts, Limits(texts=8).texts
    (2048, 8)
    """

    body: int = 4 << 20
    headers: int = 16 << 10
    bodies: int = 64 << 20  # bodies of all current requests together
    texts: int = 2048  # texts, pairs or queries per request, as many as OpenAI allows
    text: int = 100_000
    explained: int = 500  # occlusion costs the square of the length of a text
    neighbours: int = 1000  # per query
    reranked: int = 100  # neighbours that a re-ranker judges, per query
    hits: int = 256_000  # neighbours of all queries of a request
    judged: int = 25_600  # neighbours that a re-ranker judges, of all queries of a request
    in_flight: int = 64
    queued: int = 256
    connections: int = 1024
    header_seconds: float = 5.0
    body_seconds: float = 10.0
    request_seconds: float = 30.0
    accepted: int = 16  # new connections per turn of the event loop; a crowd of them must not delay the others
    farewell_seconds: int = 10  # for requests in flight or in the queue when the service is stopped
    retry_seconds: int = 1  # the Retry-After of a refused request
    batch: int = 256  # texts per call of the model
    gather_seconds: float = 0.002  # how long a call waits for more requests to join
