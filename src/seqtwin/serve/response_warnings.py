"""The warnings of a response: texts that were cut, blank texts, and fields of the request that have no effect.

They are in the field `warnings` of the response, and their codes in a header. A response without any has neither.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from starlette.responses import Response

from seqtwin.data.tokens.equal_texts import TextLength
from seqtwin.serve.responses import json_response

HEADER = "x-seqtwin-warnings"
CUT, BLANK, IGNORED = "TEXT_CUT", "TEXT_BLANK", "FIELD_IGNORED"


class ResponseWarning(TypedDict):
    """A warning. `param`: the field of the request; `rows`: the items of that field, empty for the field itself."""

    code: str
    message: str
    param: str
    rows: list[int]


def text_warnings(
    items: Sequence[Sequence[TextLength]], param: str, max_length: int | None, result: str
) -> list[ResponseWarning]:
    """The warnings for the texts of each item of a field: one text, or the two texts of a pair.

    `max_length`: in tokens; `result`: that of a blank text, for the message.

    >>> [one] = text_warnings([[TextLength(2, True)], [TextLength(1, False)]], "input", 2, "no vector")
    >>> one["message"], one["rows"]
    ('1 of 2 items has a text of more than 2 tokens; the end of the text was not used', [0])
    """
    cut = [row for row, texts in enumerate(items) if any(text.cut for text in texts)]
    blank = [row for row, texts in enumerate(items) if any(not text.tokens for text in texts)]
    found: list[ResponseWarning] = []
    if cut:
        message = f"{_count(cut, items)} a text of more than {max_length} tokens; the end of the text was not used"
        found.append({"code": CUT, "message": message, "param": param, "rows": cut})
    if blank:
        message = f"{_count(blank, items)} a blank text and {result}"
        found.append({"code": BLANK, "message": message, "param": param, "rows": blank})
    return found


def _count(rows: Sequence[int], items: Sequence[object]) -> str:
    return f"{len(rows)} of {len(items)} items {'has' if len(rows) == 1 else 'have'}"


def field_warnings(names: Sequence[str]) -> list[ResponseWarning]:
    """One warning for each field of a request that this service does not have."""
    message = "this service has no such field; it had no effect"
    return [{"code": IGNORED, "message": f"{name}: {message}", "param": name, "rows": []} for name in names]


def warned_response(content: Mapping[str, object], warnings: Sequence[ResponseWarning]) -> Response:
    """A response with its warnings."""
    if not warnings:
        return json_response(content)
    codes = ", ".join(dict.fromkeys(warning["code"] for warning in warnings))
    return json_response({**content, "warnings": list(warnings)}, headers={HEADER: codes})
