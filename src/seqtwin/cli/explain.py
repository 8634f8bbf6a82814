"""The command that explains: explain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Json, Out

if TYPE_CHECKING:
    from seqtwin.explain.explain import Explanation
    from seqtwin.reporting.findings.diagnose import Diagnosis

Cell = Annotated[Path, typer.Argument(help="folder of a published study cell", metavar="CELL")]
Other = Annotated[Path | None, typer.Argument(help="a study cell to hold it against", metavar="CELL")]


def explain(
    cell: Cell,
    other: Other = None,
    out: Out = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="worker processes; default: one a core")] = None,
    only: Annotated[list[str] | None, typer.Option(help="a switch, for example margin-scale; may be repeated")] = None,
    as_json: Json = False,
) -> None:
    """Say why a study cell is bad: what its diagnostics show, and which one change, trained again, flips the verdict.

    seqtwin explain runs/first/cells/placenames.lstm.final_hidden.mse.s0 --jobs 2
    """
    from seqtwin.explain.explain import explain as find
    from seqtwin.reporting.findings.diagnose import diagnose_cell

    diagnoses = {
        folder: diagnose_cell(folder) for folder in (cell, other) if folder and (folder / "manifest.json").exists()
    }
    if diagnoses and not as_json:
        console.say("\n\n".join(_told(folder, found) for folder, found in diagnoses.items()) + "\n")
    with console.study_bars() as on_progress:
        found = find(cell, other, out=out, jobs=jobs, only=only or (), on_progress=on_progress)
    if as_json:
        told = {str(folder): _plain(diagnosis) for folder, diagnosis in diagnoses.items()}
        console.say_json({"diagnoses": told, **found.as_dict()})
    else:
        console.say(_switches(found))


def _told(folder: Path, diagnosis: "Diagnosis") -> str:
    lines = [f"{folder.name}: {diagnosis.label}"]
    for one in diagnosis.findings:
        lines += [f"  {one.code} {one.name} ({one.evidence})", f"     {one.says}", f"     {one.remedy}"]
    return "\n".join(lines if diagnosis.findings else [*lines, "  no diagnostic fires"])


def _plain(diagnosis: "Diagnosis") -> dict[str, Any]:
    findings = [vars(one) for one in diagnosis.findings]
    return {"label": diagnosis.label, "causes": list(diagnosis.causes), "findings": findings}


def _switches(found: "Explanation") -> str:
    head = f"{found.cell}: dev {found.metric} {found.value:.4f}"
    if found.reference_value is not None:
        head += f"; held against {found.reference}, {found.reference_value:.4f}"
    rows = [
        [f"{one.switch}: {one.words}", "-" if one.value is None else f"{one.value:.4f}", one.share, one.refused]
        for one in found.tried
    ]
    differs = ", ".join(f"{key}={value}" for key, value in found.differs.items())
    lines = [head, *([f"the better one has {differs}"] if differs else [])]
    lines += ["", console.table(["switch", "dev", "closes", ""], rows), ""] if rows else []
    return "\n".join([*lines, found.verdict])
