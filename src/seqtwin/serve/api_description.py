"""The description of the API in the format of OpenAPI 3.1: the models of the bodies, and the rest by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seqtwin.json_values import Json
from seqtwin.serve.limits import Limits
from seqtwin.serve.request_bodies import Embeddings, Explained, Pairs, Queries
from seqtwin.serve.served_encoder import Facts
from seqtwin.validation import Strict
from seqtwin.version import __version__

BODIES: Mapping[str, type[Strict]] = {kind.__name__: kind for kind in (Embeddings, Pairs, Queries, Explained)}
REFERENCE = "#/components/schemas/"
PLAIN = "text/plain"
KEYLESS = ("/healthz", "/readyz")


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. `body`: the model of its request, with an example; `answer`: what a response contains.

    `kind`: the media type of the response. `parameters`: of its path.
    """

    summary: str
    description: str
    answer: str
    example: Json
    body: type[Strict] | None = None
    request: Json = None
    kind: str = "application/json"
    parameters: Sequence[str] = field(default_factory=tuple)


def describe_api(facts: Facts, limits: Limits, *, needs_key: bool) -> dict[str, Json]:
    """The description for one service. `needs_key`: whether requests need an API key.

    It has no `search` if the service has no index.
    """
    paths: dict[str, Json] = {}
    for (method, path), endpoint in _endpoints(facts).items():
        if path != "/search" or facts["index"] is not None:
            paths[path] = {method: _operation(endpoint, needs_key=needs_key and path not in KEYLESS)}
    components: dict[str, Json] = {"schemas": _schemas()}
    if needs_key:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": facts["model"], "version": __version__, "description": _about(limits, needs_key=needs_key)},
        "paths": paths,
        "components": components,
    }


def _about(limits: Limits, *, needs_key: bool) -> str:
    """The rules of all requests, one paragraph each."""
    key = "Every request needs the header Authorization: Bearer KEY, except /healthz and /readyz." if needs_key else ""
    paragraphs = (
        key,
        f"A request may have {limits.texts:,} texts, pairs or queries and {limits.body >> 20} MiB.",
        "A blank text in a list has an empty embedding, no score (null) and no neighbours; a single blank text is "
        "refused. An encoder trained with tokens.empty: unk takes a blank text for one unknown token.",
        "A response has the field warnings, and the header X-SeqTwin-Warnings with their codes, if a text was cut "
        "at the length limit (TEXT_CUT), if a text is blank (TEXT_BLANK), or if a field of the request has no "
        "effect (FIELD_IGNORED).",
    )
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _schemas() -> dict[str, Json]:
    found: dict[str, Json] = {name: kind.model_json_schema() for name, kind in BODIES.items()}
    texts: Json = {"type": "string"}
    rows: Json = {"type": "array", "items": {"type": "integer"}}
    warning: Json = {"code": texts, "message": texts, "param": texts, "rows": rows}
    found["Warning"] = {"type": "object", "properties": warning}
    error = dict.fromkeys(("code", "message", "remedy", "type", "param"), texts)
    inner: Json = {"type": "object", "properties": error, "required": ["code", "message", "remedy"]}
    found["Error"] = {"type": "object", "properties": {"error": inner}, "required": ["error"]}
    return found


def _operation(endpoint: Endpoint, *, needs_key: bool) -> dict[str, Json]:
    refused: Json = {"application/json": {"schema": {"$ref": f"{REFERENCE}Error"}}}
    answer: Json = {endpoint.kind: {"example": endpoint.example}}
    found: dict[str, Json] = {
        "summary": endpoint.summary,
        "description": endpoint.description,
        "responses": {
            "200": {"description": endpoint.answer, "content": answer},
            "default": {"description": "A refused request.", "content": refused},
        },
    }
    if endpoint.body is not None:
        schema: Json = {"$ref": f"{REFERENCE}{endpoint.body.__name__}"}
        content: Json = {"application/json": {"schema": schema, "example": endpoint.request}}
        found["requestBody"] = {"required": True, "content": content}
    if endpoint.parameters:
        found["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in endpoint.parameters
        ]
    if needs_key:
        found["security"] = [{"key": []}]
    return found


def _endpoints(facts: Facts) -> dict[tuple[str, str], Endpoint]:
    return {**_posts(facts), **_gets(facts)}


def _posts(facts: Facts) -> dict[tuple[str, str], Endpoint]:
    vector: Json = {"object": "embedding", "index": 0, "embedding": [0.12, -0.34]}
    usage: Json = {"prompt_tokens": 4, "total_tokens": 4}
    hit: Json = {"id": "7", "text": "Rome", "score": 0.93, "metadata": {}}
    index: Json = {"size": 1000, "kind": "exact", "generation": "gen-000001"}
    return {
        ("post", "/v1/embeddings"): Endpoint(
            "Vectors of texts",
            "Compatible with OpenAI's clients. Unknown fields are accepted and reported in warnings; a field whose "
            "name looks like a typing error is refused.",
            f"one embedding of {facts['dim']} numbers per text, in order.",
            {"object": "list", "data": [vector], "model": facts["model"], "usage": usage},
            Embeddings,
            {"input": ["Roma", "Rome"]},
        ),
        ("post", "/similarity"): Endpoint(
            "Scores of pairs",
            f"The similarity is {facts['similarity']}.",
            "the score of each pair, and whether it reaches the threshold (null without one).",
            {"scores": [0.93], "same": [True], "threshold": 0.8, "model": facts["model"]},
            Pairs,
            {"pairs": [["Roma", "Rome"]]},
        ),
        ("post", "/search"): Endpoint(
            "Neighbours in the index",
            "The nearest items of each query, best first.",
            "one list of hits per query.",
            {"results": [[hit]], "threshold": 0.8, "index": index},
            Queries,
            {"queries": ["Roma"], "k": 10},
        ),
        ("post", "/explain"): Endpoint(
            "Contributions to a score",
            "The effect of each part of both texts on their score.",
            "the parts of both texts with their contributions.",
            {"score": 0.93, "left": {"steps": ["R", "o", "m", "a"], "contributions": [0.1, 0.05, 0.02, -0.03]}},
            Explained,
            {"left": "Roma", "right": "Rome"},
        ),
    }


def _gets(facts: Facts) -> dict[tuple[str, str], Endpoint]:
    model: Json = {"id": facts["model"], "object": "model", "created": 0, "owned_by": "seqtwin"}
    ready: Json = {"status": "ready", "model": facts["model"], "dim": facts["dim"], "threshold": facts["threshold"]}
    return {
        ("get", "/v1/models"): Endpoint(
            "The list of models", "It has one model.", "the model.", {"object": "list", "data": [model]}
        ),
        ("get", "/v1/models/{model}"): Endpoint(
            "One model", "By its name.", "the model.", model, parameters=("model",)
        ),
        ("get", "/healthz"): Endpoint(
            "Whether the process is alive", "It needs no API key.", "the status.", {"status": "alive"}
        ),
        ("get", "/readyz"): Endpoint(
            "Whether the service accepts requests",
            "It needs no API key, and has the facts of the encoder only with it.",
            "the status, and the facts of the encoder.",
            ready,
        ),
        ("get", "/metrics"): Endpoint(
            "Metrics for Prometheus", "Requests, times, batches and queue.", "text.", "seqtwin_ready 1", kind=PLAIN
        ),
    }
