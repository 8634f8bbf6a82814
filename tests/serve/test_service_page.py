"""The page as text: its policy allows exactly its own content, and nothing is loaded from elsewhere."""

import base64
import hashlib
import json
import re

import pytest

from seqtwin.serve.limits import Limits
from seqtwin.serve.page import page

FACTS = {"model": "tiny", "dim": 5, "similarity": "cosine", "threshold": 0.25, "fingerprint": "f", "index": None}
INDEX = {"size": 1234, "kind": "exact", "generation": None}


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def between(html: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)


def test_style_and_script_have_the_hashes_of_the_policy() -> None:
    html, policy = page(FACTS, Limits())
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert [hashed(text) for text in between(html, "script")] == [rules["script-src"]]
    assert [hashed(text) for text in between(html, "style")] == [rules["style-src"]]
    assert "unsafe" not in policy


def test_nothing_is_fetched_from_elsewhere_and_no_attribute_breaks_the_policy() -> None:
    html, _ = page({**FACTS, "index": INDEX}, Limits())
    assert set(re.findall(r"https?://[^\s<\"']+", html)) == {"http://127.0.0.1:8000"}
    assert re.findall(r"\s(?:style|on\w+)=", html.split("<script>")[0].split("</style>")[1]) == []
    assert re.findall(r"<h1|<h2", html).count("<h1") == 1
    labelled = set(re.findall(r'for="(\w+)"', html))
    assert set(re.findall(r'<input id="(\w+)"', html)) <= labelled


def test_a_name_is_text_wherever_it_stands() -> None:
    html, _ = page({**FACTS, "model": "</script><b>x"}, Limits())
    assert "<b>x" not in html
    facts = re.search(r'id="facts">(.*?)</script>', html)
    assert facts is not None
    assert json.loads(facts[1])["model"] == "</script><b>x"


@pytest.mark.parametrize(
    ("similarity", "ends"), [("cosine", [-1, 1]), ("exp_manhattan", [0, 1]), ("dot", None), ("mine", None)]
)
def test_the_scale_has_the_ends_of_the_similarity(similarity: str, ends: list[float] | None) -> None:
    html, _ = page({**FACTS, "similarity": similarity, "threshold": None}, Limits())
    facts = re.search(r'id="facts">(.*?)</script>', html)
    assert facts is not None
    assert json.loads(facts[1])["range"] == ends
    assert "same if" not in html.split("<script")[0]


def test_search_stands_there_when_an_index_is_served() -> None:
    assert 'id="search"' not in page(FACTS, Limits())[0].split("<script")[0]
    html, _ = page({**FACTS, "index": INDEX}, Limits())
    assert 'id="search"' in html
    assert "1,234 items" in html
