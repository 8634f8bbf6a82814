"""JSON answers, and every refusal in one stable shape: `{"error": {"code", "message", "remedy"}}`."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from seqtwin.errors import SeqTwinError

LONGEST_MESSAGE = 600
OPENAI = "/v1/"


class RefusedError(SeqTwinError):
    """A request that is not answered, with its HTTP status."""

    def __init__(self, status: int, code: str, cause: str, *, remedy: str = "", place: str = "") -> None:
        self.status = status
        super().__init__(code, cause, place=place, remedy=remedy)


def status_of(error: SeqTwinError) -> int:
    """The HTTP status of an error: its own, else that of bad input.

    >>> status_of(RefusedError(413, "BODY_SIZE", "too large")), status_of(SeqTwinError("DATA_EMPTY_TEXT", "empty"))
    (413, 400)
    """
    return error.status if isinstance(error, RefusedError) else 400


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Strict JSON in ASCII, so that nothing a client sent can break the encoding of its answer."""
    body = json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
    return Response(body, status, dict(headers or {}), "application/json")


def problem(error: SeqTwinError, path: str, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that failed; under `/v1/` with the `type` and `param` that OpenAI's clients read."""
    said: dict[str, Any] = {"code": error.code, "message": error.cause[:LONGEST_MESSAGE], "remedy": error.remedy}
    status = status_of(error)
    if path.startswith(OPENAI):
        kind = "server_error" if status >= 500 else "invalid_request_error"
        said |= {"type": kind, "param": error.place or None}
    return answer({"error": said}, status, headers)
