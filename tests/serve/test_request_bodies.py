"""Bodies of requests with values of another kind: one line for each value, in the words of JSON."""

import json
from typing import Any

import pytest

from seqtwin.serve.request_bodies import Embeddings, Pairs, Queries, read
from seqtwin.serve.responses import RefusedError

TEXTS = "expected a text, or a list, for example [a, b]"
ODD: list[tuple[Any, object, str]] = [
    (Embeddings, {"input": 5}, f"input: {TEXTS}; got 5"),
    (Embeddings, {"input": None}, f"input: {TEXTS}; got null"),
    (Embeddings, {"input": True}, f"input: {TEXTS}; got true"),
    (Embeddings, {"input": {"a": 1}}, f"input: {TEXTS}; got {{'a': 1}}"),
    (Embeddings, {"input": ["a", None]}, "input.1: expected a text; got null"),
    (Embeddings, {"input": [["a"]]}, "input.0: expected a text; got ['a']"),
    (Embeddings, {}, "input: is missing"),
    (Queries, {"queries": 3}, f"queries: {TEXTS}; got 3"),
    (Queries, {"queries": "a", "k": "x"}, "k: expected an integer; got 'x'"),
    (Pairs, {"pairs": [["a", "b", "c"]]}, "pairs.0: expected at most 2 items, found 3; got ['a', 'b', 'c']"),
    (Pairs, {"pairs": [["a", 3]]}, "pairs.0.1: expected a text; got 3"),
]


@pytest.mark.parametrize(("model", "body", "said"), ODD, ids=lambda value: str(value)[:40])
def test_a_wrong_value_is_one_line_in_plain_words(model: Any, body: object, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read(model, json.dumps(body).encode())
    assert str(refused.value.cause) == said
    assert refused.value.place == said.split(":", maxsplit=1)[0].split(".", maxsplit=1)[0]
