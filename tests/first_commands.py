"""The commands and the Python of the README, with an installed `seqtwin`, in a folder of their own.

`python tests/first_commands.py PROGRAM FOLDER` runs them and prints how many there were.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.M | re.S)
LONG = ("explain",)  # trains many times
FIRST = "## Compare on your own data"
LAST = "## Classify, label steps, decode"


def first_blocks(text: str) -> list[tuple[str, str]]:
    """The language and the text of each block that needs nothing but the data in docs/.

    >>> first_blocks(f"a\\n{FIRST}\\n```bash\\nseqtwin list\\n```\\n{LAST}\\n")
    [('bash', 'seqtwin list\\n')]
    """
    part = text[text.index(FIRST) : text.index(LAST)]
    return [(match[1], match[2]) for match in _BLOCK.finditer(part)]


def run_first_commands(program: Path, folder: Path) -> int:
    """Run them with this program and the Python beside it. The number of commands and Python blocks.

    Raises: RuntimeError with the output of the first that fails.
    """
    (folder / "docs").mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "pairs.csv", folder / "docs")
    count = 0
    for language, body in first_blocks((ROOT / "README.md").read_text(encoding="utf-8")):
        if language == "python":
            _run([str(program.with_name("python")), "-c", body], folder)
            count += 1
            continue
        for line in body.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[1] not in LONG:
                assert words[0] == "seqtwin", line
                _run([str(program), *words[1:]], folder)
                count += 1
    return count


def _run(command: list[str], folder: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False, timeout=900)
    if run.returncode or "Warning" in run.stderr:
        raise RuntimeError(f"{shlex.join(command)}\n{run.stdout}\n{run.stderr}")


if __name__ == "__main__":
    sys.stdout.write(f"{run_first_commands(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())} commands\n")
