"""The page of the service: one HTML text that asks nothing of any other host, and the policy that holds it to that."""

import base64
import hashlib
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from seqtwin.model.similarities import SIMILARITIES
from seqtwin.serve.limits import Limits

TEMPLATES = Path(__file__).parent / "templates"


def page(facts: dict[str, Any], limits: Limits) -> tuple[str, str]:
    """The HTML of the page and its Content-Security-Policy: own style and script by their hashes, own host only."""
    style, script = (_text(name) for name in ("page.css", "page.js"))
    known = {**facts, "range": _range(facts["similarity"]), "limits": asdict(limits)}
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    house = Environment(autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    context = {"facts": known, "style": Markup(style), "script": Markup(script)}
    return house.get_template("page.html.j2").render(context), _policy(style, script)


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _range(similarity: str) -> list[float] | None:
    """The lowest and highest score, None where there is no end."""
    kind = SIMILARITIES.get(similarity)
    ends = [] if kind is None else [kind.low, kind.high]
    return ends if ends and all(math.isfinite(end) for end in ends) else None


def _policy(style: str, script: str) -> str:
    rules = (
        "default-src 'none'", f"style-src '{_hash(style)}'", f"script-src '{_hash(script)}'", "connect-src 'self'",
        "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )  # fmt: skip
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
