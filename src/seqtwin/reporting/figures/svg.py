"""The SVG text of matplotlib, made smaller, and its form inside a page."""

import re

from seqtwin.reporting.colours import COLOURS


def lean(svg: str) -> str:
    """Fewer bytes, the same picture: coordinates to a tenth, no metadata or unused names, the reader's own fonts."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(?<=[ \"(,LMz-])(\d+\.\d)\d+", r"\1", svg)
    svg = re.sub(r'\bd="([^"]*)"', lambda path: f'd="{_tight(path.group(1))}"', svg)
    svg = re.sub(r'style="([^"]*)"', lambda style: style.group(0).replace("; ", ";").replace(": ", ":"), svg)
    svg = svg.replace("'DejaVu Sans'", "system-ui, sans-serif").replace(' transform="rotate(-0 ', ' data-t="(')
    svg = re.sub(r' data-t="[^"]*"', "", svg)
    svg = re.sub(r'<g id="[^"]*"/>\s*', "", svg)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    while "<g>\n</g>" in (svg := re.sub(r"\n\s+", "\n", svg)):
        svg = svg.replace("<g>\n</g>\n", "")
    return svg


def _tight(path: str) -> str:
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", path).strip()


def inlined(svg: str, name: str, label: str) -> str:
    """A figure as part of the page: unique ids, colours as CSS variables, `label` as its text alternative."""
    body = svg[svg.index("<svg") :]
    box = re.search(r'viewBox="([^"]*)"', body)
    inner = re.sub(r"<style.*?</style>\s*", "", body[body.index(">") + 1 :].strip(), flags=re.DOTALL)
    inner = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', inner)
    inner = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", inner)
    inner = re.sub(r'(xlink:)?href="#([^"]+)"', rf'href="#{name}-\2"', inner)
    for key, (value, _) in COLOURS.items():
        inner = inner.replace(value, f"var(--{key})")
    safe = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return f'<svg viewBox="{box.group(1) if box else ""}" role="img" aria-label="{safe}">{inner}'
