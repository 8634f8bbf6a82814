"""The bodies of requests, checked: strict JSON, the expected fields, and texts within the limits."""

from collections.abc import Sequence
from typing import Literal, TypeVar

from pydantic import StrictInt, StrictStr

from seqtwin.errors import ConfigError
from seqtwin.json_values import strict_json
from seqtwin.serve.limits import Limits
from seqtwin.serve.responses import RefusedError
from seqtwin.validation import Strict, validated

Model = TypeVar("Model", bound=Strict)
Text = StrictStr
Pair = tuple[Text, Text]


class Embeddings(Strict):
    """Body of `POST /v1/embeddings`, as OpenAI's clients send it."""

    input: Text | list[Text]
    model: Text = ""
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: StrictInt | None = None
    user: Text = ""


class Pairs(Strict):
    """Body of `POST /similarity`."""

    pairs: list[Pair]


class Queries(Strict):
    """Body of `POST /search`. `rerank`: how many hits of each query are re-ranked by probability."""

    queries: Text | list[Text]
    k: StrictInt = 10
    rerank: StrictInt | None = None


class Explained(Strict):
    """Body of `POST /explain`."""

    left: Text
    right: Text
    method: Text = "occlusion"


def read(model: type[Model], body: bytes) -> Model:
    """A request body as a checked model.

    Raises: RefusedError (400) for a body that is not a JSON object, or has unknown, missing or wrong fields.

    >>> read(Pairs, b'{"pairs": [["a", "b"]]}').pairs
    [('a', 'b')]
    """
    try:
        raw = strict_json(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "BODY_JSON", f"the body is not strict JSON: {_plain(error)}") from error
    if not isinstance(raw, dict):
        raise RefusedError(400, "BODY_JSON", f"expected a JSON object, got {type(raw).__name__}")
    try:
        return validated(model, raw, "body")
    except ConfigError as error:
        raise RefusedError(400, "BODY_FIELDS", error.cause, place=_field(error.cause)) from error


def _plain(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _field(cause: str) -> str:
    """The first field in an error message.

    >>> _field("unknown key 'inptu'; known: input"), _field("k: expected"), _field("input.str: x")
    ('inptu', 'k', 'input')
    """
    name = cause.split("'")[1] if cause.startswith("unknown key '") else cause.partition(":")[0]
    return name.split(".")[0][:80]


def listed(value: Text | list[Text]) -> list[Text]:
    """One text as a list of one."""
    return [value] if isinstance(value, str) else value


def check_texts(texts: Sequence[str], limit: int, place: str) -> None:
    """Check that texts can be encoded. `limit`: in characters; `place`: their field, for errors.

    Raises: RefusedError (413 for a long text, 400 for an empty text or one with half of a surrogate pair).
    """
    for row, text in enumerate(texts):
        if len(text) > limit:
            cause = f"text {row} has {len(text)} characters; expected at most {limit}"
            raise RefusedError(413, "TEXT_SIZE", cause, place=place, remedy="shorten it")
        if not text.strip():
            raise RefusedError(400, "TEXT_EMPTY", f"text {row} is empty", place=place, remedy="leave it out")
        if _has_lone_surrogate(text):
            raise RefusedError(400, "TEXT_SURROGATE", f"text {row} contains half of a surrogate pair", place=place)


def _has_lone_surrogate(text: str) -> bool:
    """Whether a text contains half of a surrogate pair, which has no UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def check_count(count: int, limits: Limits, place: str) -> None:
    """Check that a request has 1 to `limits.texts` items. `place`: their field, for errors.

    Raises: RefusedError (400 for none, 413 for too many).
    """
    if not count:
        raise RefusedError(400, "BODY_EMPTY", f"{place}: expected at least one, got none", place=place)
    if count > limits.texts:
        cause = f"{place}: expected at most {limits.texts} per request, got {count}"
        raise RefusedError(413, "BODY_COUNT", cause, place=place, remedy="split them into several requests")
