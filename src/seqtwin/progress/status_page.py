"""A status as one HTML file that refreshes itself, in the design of the report."""

import base64
import hashlib
import time
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from seqtwin.progress.status_words import SHOWN, counts, driver_line, fact_lines, left_line, running_tasks
from seqtwin.progress.work_status import STATES, Status
from seqtwin.reporting.colours import COLOURS

TEMPLATES = Path(__file__).parent / "templates"
REPORT_STYLE = Path(__file__).parent.parent / "reporting" / "templates" / "page.css"
SECONDS = 10  # between two refreshes
TITLES = {"running": "Running", "interrupted": "Interrupted", "unknown": "Perhaps running", "finished": "Finished"}


def status_page(status: Status, now: float | None = None) -> str:
    """The text of the page. It reloads itself until the work has ended, and makes no request to anywhere else.

    Its script can be paused, and keeps the place in the page. Without scripts, the browser reloads it. `now`: seconds
    since 1970.
    """
    now = time.time() if now is None else now
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    house = Environment(autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    script = (TEMPLATES / "status.js").read_text(encoding="utf-8").strip()
    style = "".join(path.read_text(encoding="utf-8") for path in (REPORT_STYLE, TEMPLATES / "status.css"))
    above = {driver_line(status, now), left_line(status)}
    facts = [line for line in fact_lines(status, now) if line not in above]
    return house.get_template("status.html.j2").render(
        status=status, title=TITLES[status.outcome], colours=COLOURS, states=STATES, counts=counts,
        running=running_tasks(status), shown=SHOWN, facts=facts,
        left=left_line(status), driver=driver_line(status, now), seconds=SECONDS, style=Markup(style),
        script=Markup(script), script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        at=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)), refreshes=status.outcome in ("running", "unknown"),
    )  # fmt: skip
