"""JSON responses. Every error has the same shape: `{"error": {"code", "message", "remedy"}}`."""

import json
from collections.abc import Mapping

from starlette.responses import Response

from seqtwin.errors import SeqTwinError

LONGEST_MESSAGE = 600
OPENAI = "/v1/"
# of every response
FIXED_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]


class RefusedError(SeqTwinError):
    """A refused request, with its HTTP status."""

    def __init__(self, status: int, code: str, cause: str, *, remedy: str = "", place: str = "") -> None:
        self.status = status
        super().__init__(code, cause, place=place, remedy=remedy)


def http_status(error: SeqTwinError) -> int:
    """The HTTP status of an error: its own, or else that of bad input.

    >>> http_status(RefusedError(413, "BODY_SIZE", "too large")), http_status(SeqTwinError("DATA_EMPTY_TEXT", "empty"))
    (413, 400)
    """
    return error.status if isinstance(error, RefusedError) else 400


def json_response(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response of strict JSON, in ASCII because texts of a client may have no valid encoding."""
    body = json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
    return Response(body, status, dict(headers or {}), "application/json")


def error_response(error: SeqTwinError, path: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response to a failed request. Under `/v1/` it also has the `type` and `param` that OpenAI's clients use."""
    content: dict[str, str | None] = {
        "code": error.code,
        "message": error.cause[:LONGEST_MESSAGE],
        "remedy": error.remedy,
    }
    status = http_status(error)
    if path.startswith(OPENAI):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        content |= {"type": kind, "param": error.place or None}
    return json_response({"error": content}, status, headers)
