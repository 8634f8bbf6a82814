"""The SVG text of matplotlib, made smaller, and its form inside a page.

The picture stays the same: coordinates are cut to a tenth of a pixel, and everything else is only written shorter.
"""

import re
from collections import Counter
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from seqtwin.reporting.colours import COLOURS
from seqtwin.reporting.figures.svg_paths import tenths, tight

Element = ElementTree.Element
NAMESPACES = ' xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
# the style common to all figures
BASE = "font-family:system-ui,sans-serif;stroke-linejoin:round"
_DEFAULTS = frozenset({"text-anchor:start", "stroke-dashoffset:0", "font-family:system-ui,sans-serif"})
_UNSEEN = "fill:none"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FIGURE = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_STYLE = re.compile(r' style="([^"]*)"')


def lean(svg: str) -> str:
    """The same picture in fewer bytes: coordinates to a tenth, no metadata or unused names, system fonts."""
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*|<style.*?</style>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(?<=[ \"(,LMz-])(\d+\.\d)\d+", r"\1", svg)
    svg = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", svg)  # of a label: XML has no such characters
    svg = svg.replace("'DejaVu Sans'", "system-ui, sans-serif").replace(' transform="rotate(-0 ', ' data-t="(')
    svg = re.sub(r' data-t="[^"]*"| xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    # the input is trusted: matplotlib has just written it
    root = ElementTree.fromstring(svg[svg.index("<svg") :])
    _flatten(root)
    shapes = _shapes_first(root)
    _group(root)
    _styles_of_shapes(root, shapes)
    _rename(root)
    root.attrib.pop("version", None)
    text, rules = _classes(_written(root))
    opened, inner = text.split(">", 1)
    return f"{opened}{NAMESPACES}>\n<style>svg{{{BASE}}}{rules}</style>{inner}"


def inlined(svg: str, label: str) -> str:
    """A figure as part of a page: styles written out, colours as CSS variables, `label` as its text alternative.

    `shared` then makes the ids of every figure of the page unique.
    """
    rules = dict(re.findall(r"\.(s\d+)\{([^}]*)\}", svg))
    box = re.search(r'viewBox="([^"]*)"', svg)
    inner = re.sub(r"<style.*?</style>\s*", "", svg[svg.index(">") + 1 :].strip(), flags=re.DOTALL)
    inner = re.sub(r' class="(s\d+)"', lambda name: f' style="{rules[name.group(1)]}"', inner)
    inner = inner.replace("xlink:href", "href")
    for key, (value, _) in COLOURS.items():
        inner = inner.replace(value, f"var(--{key})")
    safe = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return f'<svg viewBox="{box.group(1) if box else ""}" role="img" aria-label="{safe}">{inner}'


def shared(page: str) -> str:
    """A page with the styles of all figures in one style sheet and with unique ids."""
    figures = [_numbered(text, place) for place, text in enumerate(_FIGURE.findall(page))]
    rest = iter(_FIGURE.split(page))
    text, rules = _classes("\0".join(figures))
    parts = text.split("\0") if figures else []
    joined = next(rest) + "".join(figure + after for figure, after in zip(parts, rest, strict=True))
    return joined.replace("</style>", f"{rules}</style>", 1)


def _numbered(figure: str, place: int) -> str:
    opened, inner = figure.split(">", 1)
    inner = re.sub(r'\bid="([^"]+)"', rf'id="f{place}\1"', inner)
    inner = re.sub(r"url\(#([^)]+)\)", rf"url(#f{place}\1)", inner)
    return f"{opened}>" + re.sub(r'href="#([^"]+)"', rf'href="#f{place}\1"', inner)


def _classes(text: str) -> tuple[str, str]:
    """The text with a class for every style that occurs more than once, and the rules of these classes."""
    often = [style for style, number in Counter(_STYLE.findall(text)).most_common() if number > 1]
    names = {style: f"s{place}" for place, style in enumerate(often)}
    text = _STYLE.sub(lambda m: f' class="{names[m.group(1)]}"' if m.group(1) in names else m.group(0), text)
    return text, "".join(f".{name}{{{style}}}" for style, name in names.items())


def _flatten(element: Element) -> None:
    """Remove groups without attributes and invisible shapes."""
    children: list[Element] = []
    for child in element:
        _flatten(child)
        if style := _style(child.attrib.pop("style", "")):
            child.set("style", style)
        if child.tag == "g":
            child.attrib.pop("id", None)
        if child.tag == "g" and (not child.attrib or not len(child)):
            children += child
        elif child.get("style") != _UNSEEN or element.tag == "defs":
            children.append(child)
    element[:] = children


def _style(style: str) -> str:
    parts = (re.sub(r"\s*([:,])\s*", r"\1", part.strip()) for part in style.split(";"))
    return ";".join(part for part in parts if part and part not in _DEFAULTS)


def _shapes_first(root: Element) -> dict[str, Element]:
    """Move named shapes to one list at the start; a shape that is used once replaces its use."""
    used = Counter(one.get("href") for one in root.iter("use"))
    named = [shape for part in root.iter("defs") for shape in part]
    shapes = {str(shape.get("id")): shape for shape in named}
    once = {name for name, shape in shapes.items() if shape.tag == "path" and used[f"#{name}"] == 1}
    for parent in list(root.iter()):
        parent[:] = [_placed(one, shapes, once) for one in parent if one.tag != "defs"]
    listed = [shape for name, shape in shapes.items() if shape.tag != "path" or used[f"#{name}"] > 1]
    if listed:
        head = ElementTree.Element("defs")
        head.extend(listed)
        root.insert(0, head)
    return {f"#{name}": shape for name, shape in shapes.items() if shape.tag == "path" and name not in once}


def _placed(element: Element, shapes: dict[str, Element], once: set[str]) -> Element:
    name = element.get("href", "")[1:]
    if element.tag != "use" or name not in once:
        return element
    path = ElementTree.Element("path", {"d": shapes[name].get("d", "")})
    x, y = (element.get(key, "0") for key in ("x", "y"))
    if (x, y) != ("0", "0"):
        path.set("transform", f"translate({x} {y})")
    if style := _over(element.get("style", ""), shapes[name].get("style", "")):
        path.set("style", style)
    return path


def _over(outer: str, inner: str) -> str:
    """The style of a shape of style `inner` that is used in style `outer`."""
    parts = dict(part.split(":", 1) for part in f"{outer};{inner}".split(";") if part)
    return ";".join(f"{key}:{value}" for key, value in parts.items())


def _group(element: Element) -> None:
    """Put neighbours with the same clip path into one group, and merge neighbouring lines of the same style."""
    children: list[Element] = []
    for child in element:
        _group(child)
        clip = child.get("clip-path")
        if clip and children and children[-1].get("clip-path") == clip:
            if children[-1].tag != "g" or set(children[-1].attrib) != {"clip-path"}:
                children[-1] = _group_of(children[-1], clip)
            children[-1].extend(child if child.tag == "g" and len(child.attrib) == 1 else [_without_clip(child)])
        else:
            children.append(child)
    element[:] = children
    for child in element:
        if child.tag == "g":
            child[:] = _merged(child)
    element[:] = _merged(element)


def _group_of(first: Element, clip: str) -> Element:
    group = ElementTree.Element("g", {"clip-path": clip})
    group.append(_without_clip(first))
    return group


def _without_clip(element: Element) -> Element:
    del element.attrib["clip-path"]
    return element


def _merged(elements: Element) -> list[Element]:
    merged: list[Element] = []
    for element in elements:
        before = merged[-1] if merged else None
        if before is not None and _plain_line(element) and _plain_line(before) and _look(element) == _look(before):
            before.set("d", f"{before.get('d')} {element.get('d')}")
        else:
            merged.append(element)
    return merged


def _plain_line(element: Element) -> bool:
    style = element.get("style", "")
    return element.tag == "path" and "fill:none" in style and "opacity" not in style and "dash" not in style


def _look(element: Element) -> dict[str, str]:
    return {key: value for key, value in element.attrib.items() if key != "d"}


def _styles_of_shapes(root: Element, shapes: dict[str, Element]) -> None:
    """Move a style to its shape if every use of the shape has it."""
    for name, shape in shapes.items():
        uses = [one for one in root.iter("use") if one.get("href") == name]
        first = uses[0].get("style", "") if uses else ""
        if first and "opacity" not in first and all(one.get("style") == first for one in uses):
            shape.set("style", _over(first, shape.get("style", "")))
            for one in uses:
                del one.attrib["style"]


def _rename(root: Element) -> None:
    """Shorten the ids that are used and remove the others."""
    named = {one.get("href", "")[1:] for one in root.iter()} | {one.get("clip-path", "")[5:-1] for one in root.iter()}
    known = [one for one in root.iter() if one.get("id") in named]
    names = {str(one.get("id")): _letters(place) for place, one in enumerate(known)}
    for one in root.iter():
        if "id" in one.attrib and one.get("id") not in named:
            del one.attrib["id"]
        elif "id" in one.attrib:
            one.set("id", names[one.attrib["id"]])
        if one.get("href", "").startswith("#"):
            one.set("href", f"#{names[one.attrib['href'][1:]]}")
        if "clip-path" in one.attrib:
            one.set("clip-path", f"url(#{names[one.attrib['clip-path'][5:-1]]})")


def _letters(place: int) -> str:
    """a to z, then aa, ba and so on.

    >>> [_letters(place) for place in (0, 25, 26, 27)]
    ['a', 'z', 'aa', 'ba']
    """
    rest, letter = divmod(place, 26)
    return chr(97 + letter) + (_letters(rest - 1) if rest else "")


def _written(element: Element) -> str:
    attributes = [(key, _value(key, value)) for key, value in element.attrib.items()]
    shown = "".join(f" {'xlink:href' if key == 'href' else key}={quoteattr(value)}" for key, value in attributes)
    parts = [_written(child) for child in element]
    if element.tag == "text":
        tails = (escape(child.tail or "") for child in element)
        inner = escape(element.text or "") + "".join(
            part.strip() + tail for part, tail in zip(parts, tails, strict=True)
        )
    else:
        inner = "\n" * bool(parts) + "".join(parts)
    whole = inner or element.tag == "svg"
    return f"<{element.tag}{shown}>{inner}</{element.tag}>\n" if whole else f"<{element.tag}{shown}/>\n"


def _value(key: str, value: str) -> str:
    if key == "d":
        return tight(value)
    plain = key in {"x", "y", "width", "height"} and re.fullmatch(r"-?\d+\.\d", value)
    return tenths(round(float(value) * 10)) if plain else value
