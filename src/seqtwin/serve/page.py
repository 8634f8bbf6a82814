"""The web page of the service: one HTML document that contacts no other host, and the policy that enforces this."""

import base64
import hashlib
import math
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from seqtwin.model.numpy_similarities import RANGES
from seqtwin.serve.limits import Limits
from seqtwin.serve.served_encoder import Facts

TEMPLATES = Path(__file__).parent / "templates"


def page(facts: Facts, limits: Limits) -> tuple[str, str]:
    """The HTML of the page and its Content-Security-Policy, which allows its own style, script and host only."""
    style, script = (_text(name) for name in ("page.css", "page.js"))
    shown = {**facts, "range": _range(facts["similarity"]), "limits": asdict(limits)}
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    env = Environment(autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    context = {"facts": shown, "style": Markup(style), "script": Markup(script)}
    return env.get_template("page.html.j2").render(context), _policy(style, script)


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _range(similarity: str) -> list[float] | None:
    """The lowest and the highest score; None for an unbounded similarity."""
    low, high = RANGES[similarity] if similarity in RANGES else _own_range(similarity)
    return [low, high] if math.isfinite(low) and math.isfinite(high) else None


def _own_range(similarity: str) -> tuple[float, float]:
    """The range of a similarity that is not built in. Only this loads torch, with its class."""
    from seqtwin.model.similarities import SIMILARITIES

    part = SIMILARITIES.get(similarity)
    return (-math.inf, math.inf) if part is None else (part.low, part.high)


def _policy(style: str, script: str) -> str:
    rules = (
        "default-src 'none'", f"style-src '{_hash(style)}'", f"script-src '{_hash(script)}'", "connect-src 'self'",
        "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )  # fmt: skip
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
