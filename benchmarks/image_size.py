"""The image of docker/Dockerfile without Docker: its RUN steps in fresh environments, then the service as it starts.

Prints the size of what pip installs for it, by package, and checks that torch is not among them and that the service
answers a request. The base image python:3.11-slim is not counted. Downloads the packages. An environment is no
container: the user, the network and the file system of the image are not tried.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from figures import show, show_plain

ROOT = Path(__file__).resolve().parent.parent
MB = 10**6
LIMIT = 400  # MB of an image without torch
SHOWN = 8
PORT = 8765


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile and their arguments, continued lines joined.

    >>> instructions("# a\\nFROM x\\nRUN a \\\\\\n  && b\\n")
    [('FROM', 'x'), ('RUN', 'a && b')]
    """
    lines = re.sub(
        r"\\\n\s*", "", "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    ).splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return [(word, rest) for word, rest in pairs]


def environment(folder: Path) -> Path:
    """A fresh environment, its pip as new as that of this Python; the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder / "bin"


def build(work: Path, steps: Sequence[tuple[str, str]]) -> Path:
    """Run the COPY and RUN steps of both stages below `work`, and return the programs of the second one."""
    stages, programs, folder = list[Path](), Path(), work
    for word, rest in steps:
        if word == "FROM":
            folder = work / f"stage{len(stages)}"
            folder.mkdir()
            stages.append(folder)
            programs = environment(folder / "env")
        elif word == "COPY":
            copy(rest.split(), stages, folder)
        elif word == "RUN":
            command = re.sub(r"(?<=[ =])/(?=\w)", f"{folder}/", rest)
            own = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
            source = folder / "source"
            subprocess.run(["bash", "-ec", command], cwd=source if source.exists() else folder, env=own, check=True)
    return programs


def copy(words: list[str], stages: list[Path], folder: Path) -> None:
    """COPY of files of the repository, or of the first stage."""
    from_stage = words[0].startswith("--from")
    *names, target = words[1:] if from_stage else words
    relative = target.lstrip("/")
    to = folder / relative if target.startswith("/") else folder / "source" / relative
    for name in names:
        origin = stages[0] / name.lstrip("/") if from_stage else ROOT / name
        if origin.is_dir():
            shutil.copytree(origin, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (to if target.endswith("/") else to.parent).mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, to)


def sizes(site: Path) -> dict[str, float]:
    """MB on disk of each entry of a folder of packages, largest first; without those of pip itself."""
    found = {
        path.name: sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file()) / MB
        for path in site.iterdir()
        if not path.name.startswith(("pip", "setuptools", "_distutils_hack", "distutils"))
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def answers(programs: Path, folder: Path, start: Sequence[str]) -> bool:
    """Whether the service that ENTRYPOINT and CMD start gives a vector. `folder`: an exported encoder."""
    words = [str(programs / "python") if word == "python" else word for word in start]
    words = [str(folder) if word == "/encoder" else "127.0.0.1" if word == "0.0.0.0" else word for word in words]
    words = [str(PORT) if word == "8000" else word for word in words]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    service = subprocess.Popen(words, cwd=folder.parent, env=own)
    body = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/v1/embeddings", b'{"input": ["a"]}', {"Content-Type": "application/json"}
    )
    try:
        for _ in range(120):
            time.sleep(0.5)
            try:
                with urllib.request.urlopen(body, timeout=5) as answer:
                    return b'"embedding"' in answer.read()
            except OSError:
                if service.poll() is not None:
                    return False
        return False
    finally:
        service.terminate()
        service.wait(30)


def main() -> None:
    """Print the figures. The argument: an encoder exported to ONNX (seqtwin export ENCODER --to onnx -o FOLDER)."""
    steps = instructions((ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8"))
    start = [word for kind in ("ENTRYPOINT", "CMD") for word in re.findall(r'"([^"]+)"', dict(steps)[kind])]
    with tempfile.TemporaryDirectory() as work:
        programs = build(Path(work), steps)
        [site] = (programs.parent / "lib").glob("python*/site-packages")
        found = sizes(site)
        for name, size in [*found.items()][:SHOWN]:
            show_plain(f"{name}", size, " MB")
        total = sum(found.values())
        show("packages in the image", total, f"< {LIMIT} MB", total < LIMIT, " MB")
        show("torch is among them", float("torch" in found), "0", "torch" not in found)
        if len(sys.argv) > 1:
            done = answers(programs, Path(sys.argv[1]).resolve(), start)
            show("the service answers", float(done), "1", done)


if __name__ == "__main__":
    main()
