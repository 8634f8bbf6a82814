"""The recipe for Slurm in docs/cluster.md: its code gives the job script that the page shows."""

import re
from pathlib import Path

from optional import library

PAGE = Path(__file__).parent.parent.parent / "docs" / "cluster.md"


def block(language: str, text: str) -> str:
    """The one fenced block of a language that contains a text."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    (found,) = [block for block in blocks if text in block]
    return str(found)


def test_job_script_is_the_one_that_dask_jobqueue_writes() -> None:
    library("dask_jobqueue")
    names: dict[str, object] = {"__name__": "slurm"}
    code = compile(block("python", "SLURMCluster"), "slurm.py", "exec")
    exec(code, names)
    with names["new_cluster"]() as cluster:  # type: ignore[operator]
        script = re.sub(r"tcp://\S+", "tcp://10.0.0.5:8786", cluster.job_script())
    assert script.strip() == block("text", "#SBATCH").strip()
