"""The web pages of the service: HTML documents that contact no other host, and the policies that enforce this."""

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from seqtwin.json_values import Json
from seqtwin.model.numpy_similarities import RANGES
from seqtwin.serve.limits import Limits
from seqtwin.serve.served_encoder import Example, Facts

TEMPLATES = Path(__file__).parent / "templates"
STYLE = "page.css"


class Page(NamedTuple):
    """The HTML of a page and its Content-Security-Policy, which allows its own style, script and host only."""

    html: str
    policy: str


def page(facts: Facts, limits: Limits, example: Example) -> Page:
    """The page for trying the service out. `example`: the texts in its fields."""
    script = _text("page.js")
    shown = {**facts, "range": _range(facts["similarity"]), "limits": asdict(limits)}
    html = _rendered("page.html.j2", facts=shown, example=example, script=Markup(script))
    return Page(html, _policy([script]))


def docs_page(description: Mapping[str, Json]) -> Page:
    """The description of the API as a page, without a script."""
    return Page(_rendered("docs.html.j2", api=description), _policy([]))


def key_pages(paths: Iterable[str]) -> dict[str, Page]:
    """For each path of a page: a page with a field for the API key, which then opens the page at this path.

    Its policy also allows the script of that page. It reveals nothing about the service.
    """
    script = _text("key.js")
    locked = Page(_rendered("key.html.j2", script=Markup(script)), _policy([script, _text("page.js")]))
    return dict.fromkeys(paths, locked)


def html_response(shown: Page, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a page and its policy."""
    return HTMLResponse(shown.html, status, {**(headers or {}), "content-security-policy": shown.policy})


def _rendered(template: str, **context: object) -> str:
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    env = Environment(autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return env.get_template(template).render(style=Markup(_text(STYLE)), **context)


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


def _policy(scripts: Iterable[str]) -> str:
    allowed = " ".join(f"'{_hash(script)}'" for script in scripts) or "'none'"
    rules = (
        "default-src 'none'", f"style-src '{_hash(_text(STYLE))}'", f"script-src {allowed}", "connect-src 'self'",
        "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )  # fmt: skip
    return "; ".join(rules)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
