"""The bodies of requests, checked: strict JSON, the expected fields, and texts within the limits."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Literal, NoReturn, TypeVar

from pydantic import Field, StrictInt, StrictStr

from seqtwin.errors import ConfigError
from seqtwin.json_values import strict_json
from seqtwin.serve.limits import Limits
from seqtwin.serve.responses import RefusedError
from seqtwin.validation import Strict, validated

Model = TypeVar("Model", bound=Strict)
Text = StrictStr
Texts = Annotated[list[Text], Field(fail_fast=True)]  # the first error is enough, and a large body may have millions
Pair = tuple[Text, Text]
MISSPELT = 0.8  # how similar an unknown field is to a known one that is taken for a typing error
MOST_FIELDS, LONGEST_NAME = 32, 80  # each unknown name is compared with the known ones
SEND_TEXTS = "send texts; in LangChain: OpenAIEmbeddings(check_embedding_ctx_length=False)"


class Embeddings(Strict):
    """Body of `POST /v1/embeddings`, as OpenAI's clients send it. Fields that are null count as left out."""

    input: Text | Texts = Field(description="a text, or a list of texts; no token ids")
    model: Text = Field("", description="any name; it is repeated in the response")
    encoding_format: Literal["float", "base64"] = Field("float", description="base64: little-endian float32")
    dimensions: StrictInt | None = Field(None, description="the width of a vector; they cannot be shortened")
    user: Text = Field("", description="has no effect")


class Pairs(Strict):
    """Body of `POST /similarity`."""

    pairs: Annotated[list[Pair], Field(fail_fast=True)] = Field(description="a list of pairs of texts")


class Queries(Strict):
    """Body of `POST /search`."""

    queries: Text | Texts = Field(description="a text, or a list of texts")
    k: StrictInt = Field(10, description="neighbours per query")
    rerank: StrictInt | None = Field(None, description="how many hits of each query are re-ranked by probability")


class Explained(Strict):
    """Body of `POST /explain`."""

    left: Text = Field(description="one text")
    right: Text = Field(description="another text")
    method: Text = Field("occlusion", description="occlusion or gradient")


def read(model: type[Model], body: bytes) -> Model:
    """A request body as a checked model.

    Raises: RefusedError (400) for a body that is not a JSON object, or has unknown, missing or wrong fields.

    >>> read(Pairs, b'{"pairs": [["a", "b"]]}').pairs
    [('a', 'b')]
    """
    return _checked(model, _json_object(body))


def read_embeddings(body: bytes) -> tuple[Embeddings, list[str]]:
    """The body of a request for embeddings, and the names of its fields that this service does not have.

    Other services have more fields, which their clients send, such as `input_type`. They have no effect here. A
    field that looks like a misspelt one is refused.

    Raises: RefusedError (400), as `read`, and for token ids.

    >>> read_embeddings(b'{"input": "a", "user": null, "input_type": "query"}')[1]
    ['input_type']
    """
    raw = _json_object(body)
    known = list(Embeddings.model_fields)
    unknown = [name for name in raw if name not in known and not _is_misspelt(name, known)]
    if _are_token_ids(raw.get("input")):
        cause = "input: expected texts, got token ids of the tokenizer of another model"
        raise RefusedError(400, "TOKEN_IDS", cause, place="input", remedy=SEND_TEXTS)
    left_out = {name for name, value in raw.items() if value is None and name != "input"}
    kept = {name: value for name, value in raw.items() if name not in left_out.union(unknown)}
    return _checked(Embeddings, kept), unknown


def _is_misspelt(name: str, known: Sequence[str]) -> bool:
    """Whether an unknown name is probably a known one with a typing error.

    >>> [_is_misspelt(name, ["input", "dimensions"]) for name in ("inptu", "dimension", "input_type", "task")]
    [True, True, False, False]
    """
    return bool(get_close_matches(name, known, 1, MISSPELT))


def _are_token_ids(value: object) -> bool:
    """Whether an input is a list of token ids, or of such lists.

    >>> _are_token_ids([1, 2]), _are_token_ids([[1], [2, 3]]), _are_token_ids(["a"]), _are_token_ids([])
    (True, True, False, False)
    """
    first = value[0] if isinstance(value, list) and value else None
    first = first[0] if isinstance(first, list) and first else first
    return isinstance(first, int) and not isinstance(first, bool)


def _json_object(body: bytes) -> Mapping[str, object]:
    try:
        raw = strict_json(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "BODY_JSON", f"the body is not strict JSON: {_plain(error)}") from error
    if not isinstance(raw, dict):
        raise RefusedError(400, "BODY_JSON", f"expected a JSON object, got {type(raw).__name__}")
    if len(raw) > MOST_FIELDS or any(len(name) > LONGEST_NAME for name in raw):
        cause = f"expected at most {MOST_FIELDS} fields with names of at most {LONGEST_NAME} characters"
        raise RefusedError(400, "BODY_FIELDS", cause)
    return raw


def _checked(model: type[Model], raw: Mapping[str, object]) -> Model:
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
    return name.split(".")[0]


def listed(value: Text | list[Text]) -> list[Text]:
    """One text as a list of one."""
    return [value] if isinstance(value, str) else value


def check_texts(texts: Sequence[str], limit: int, place: str) -> None:
    """Check that texts can be encoded. `limit`: in characters; `place`: their field, for errors.

    Raises: RefusedError (413 for a long text, 400 for one with half of a surrogate pair).
    """
    for row, text in enumerate(texts):
        if len(text) > limit:
            cause = f"text {row} has {len(text)} characters; expected at most {limit}"
            raise RefusedError(413, "TEXT_SIZE", cause, place=place, remedy="shorten it")
        if _has_lone_surrogate(text):
            raise RefusedError(400, "TEXT_SURROGATE", f"text {row} contains half of a surrogate pair", place=place)


def refuse_blank(row: int, place: str) -> NoReturn:
    """Refuse a blank text that is not in a list, so it is the only text. Raises: RefusedError (400)."""
    raise RefusedError(400, "TEXT_EMPTY", f"text {row} is empty", place=place, remedy="send a text with a token")


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
