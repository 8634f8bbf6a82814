"""The page as text: its policy allows exactly its own content, and nothing is loaded from elsewhere."""

import base64
import hashlib
import json
import re
from html import unescape
from pathlib import Path

import pytest
from served_client import tiny_encoder

from seqtwin.index.index import Index
from seqtwin.serve.limits import Limits
from seqtwin.serve.live_index import FixedIndex, OpenIndex
from seqtwin.serve.page import key_pages, page
from seqtwin.serve.served_encoder import LONGEST_EXAMPLE, NAMES, Example, ServedEncoder

FACTS = {"model": "tiny", "dim": 5, "similarity": "cosine", "threshold": 0.25, "fingerprint": "f", "index": None}
EXAMPLE = Example("Roma", "Rome")
INDEX = {"size": 1234, "kind": "exact", "generation": None}


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def between(html: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)


def test_style_and_script_have_the_hashes_of_the_policy() -> None:
    html, policy = page(FACTS, Limits(), EXAMPLE)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert [hashed(text) for text in between(html, "script")] == [rules["script-src"]]
    assert [hashed(text) for text in between(html, "style")] == [rules["style-src"]]
    assert "unsafe" not in policy


def test_nothing_is_fetched_from_elsewhere_and_no_attribute_breaks_the_policy() -> None:
    html, _ = page({**FACTS, "index": INDEX}, Limits(), EXAMPLE)
    assert set(re.findall(r"https?://[^\s<\"']+", html)) == {"http://127.0.0.1:8000"}
    assert re.findall(r"\s(?:style|on\w+)=", html.split("<script>")[0].split("</style>")[1]) == []
    assert re.findall(r"<h1|<h2", html).count("<h1") == 1
    labelled = set(re.findall(r'for="(\w+)"', html))
    assert set(re.findall(r'<input id="(\w+)"', html)) <= labelled


def test_a_name_is_text_wherever_it_stands() -> None:
    html, _ = page({**FACTS, "model": "</script><b>x"}, Limits(), EXAMPLE)
    assert "<b>x" not in html
    facts = re.search(r'id="facts">(.*?)</script>', html)
    assert facts is not None
    assert json.loads(facts[1])["model"] == "</script><b>x"


@pytest.mark.parametrize(
    ("similarity", "ends"), [("cosine", [-1, 1]), ("exp_manhattan", [0, 1]), ("dot", None), ("mine", None)]
)
def test_the_scale_has_the_ends_of_the_similarity(similarity: str, ends: list[float] | None) -> None:
    html, _ = page({**FACTS, "similarity": similarity, "threshold": None}, Limits(), EXAMPLE)
    facts = re.search(r'id="facts">(.*?)</script>', html)
    assert facts is not None
    assert json.loads(facts[1])["range"] == ends
    assert "same if" not in html.split("<script")[0]


def test_search_stands_there_when_an_index_is_served() -> None:
    assert 'id="search"' not in page(FACTS, Limits(), EXAMPLE)[0].split("<script")[0]
    html, _ = page({**FACTS, "index": INDEX}, Limits(), EXAMPLE)
    assert 'id="search"' in html
    assert "1,234 items" in html


def test_the_fields_start_with_an_example() -> None:
    html, _ = page({**FACTS, "index": INDEX}, Limits(), Example('"Ro" & <Ma>', "b"))
    shown = dict(re.findall(r'<input id="(\w+)"[^>]* value="([^"]*)"', html))
    assert {name: unescape(text) for name, text in shown.items()} == {
        "left": '"Ro" & <Ma>', "right": "b", "query": '"Ro" & <Ma>', "k": "10",
    }  # fmt: skip


def test_the_example_is_the_first_text_of_the_index_with_a_typing_error(tmp_path: Path) -> None:
    encoder = tiny_encoder(tmp_path)
    assert ServedEncoder(encoder, None, "tiny").example == NAMES
    for first, expected in (("cafe", Example("cafe", "caef")), ("a" * (LONGEST_EXAMPLE + 1), NAMES)):
        source = FixedIndex(OpenIndex(Index.build(encoder, [first, "abc"])))
        assert ServedEncoder(encoder, source, "tiny").example == expected


def test_the_page_for_the_key_reveals_nothing_and_allows_the_scripts_of_both_pages() -> None:
    opened, policy = page({**FACTS, "model": "secret"}, Limits(), EXAMPLE)
    locked = key_pages(["/", "/docs"])
    assert set(locked) == {"/", "/docs"}
    html, wider = locked["/"]
    rules = dict(rule.split(" ", 1) for rule in wider.split("; "))
    [own], [other] = between(html, "script"), between(opened, "script")
    assert rules["script-src"] == f"{hashed(own)} {hashed(other)}"
    assert rules["style-src"] == hashed(between(html, "style")[0])
    assert {name: rule for name, rule in rules.items() if name != "script-src"} == {
        name: rule for name, rule in (rule.split(" ", 1) for rule in policy.split("; ")) if name != "script-src"
    }
    for fact in ("secret", "cosine", "0.25", "Roma"):
        assert fact not in html
