"""The command explain: why a study cell has a poor result."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Jobs, Json

if TYPE_CHECKING:
    from seqtwin.explain.explain import Explanation
    from seqtwin.reporting.findings.diagnose import Diagnosis

Cell = Annotated[Path, typer.Argument(help="folder of a finished study cell", metavar="CELL")]
Other = Annotated[Path | None, typer.Argument(help="a study cell to compare CELL with", metavar="OTHER")]


def explain(
    cell: Cell,
    other: Other = None,
    out: Annotated[
        Path | None,
        typer.Option(help="output folder; training runs already there are reused", metavar="FOLDER"),
    ] = None,
    jobs: Jobs = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="try only this change, for example margin-scale; repeatable", metavar="CHANGE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain why a study cell scores poorly: show its diagnostics, then retrain it with one change at a time.

    seqtwin explain runs/first/cells/placenames.lstm.final_hidden.mse.s0 --jobs 2
    """
    from seqtwin.explain.explain import explain as explain_cell
    from seqtwin.reporting.findings.diagnose import diagnose_cell

    diagnoses = {
        folder: diagnose_cell(folder) for folder in (cell, other) if folder and (folder / "manifest.json").exists()
    }
    if diagnoses and not as_json:
        console.print_line(
            "\n\n".join(_diagnosis_text(folder, diagnosis) for folder, diagnosis in diagnoses.items()) + "\n"
        )
    with console.study_bars() as on_progress:
        explanation = explain_cell(cell, other, out=out, jobs=jobs, only=only or (), on_progress=on_progress)
    if as_json:
        as_dicts = {str(folder): _as_dict(diagnosis) for folder, diagnosis in diagnoses.items()}
        console.print_json({"diagnoses": as_dicts, **explanation.as_dict()})
    else:
        console.print_line(_changes(explanation))


def _diagnosis_text(folder: Path, diagnosis: "Diagnosis") -> str:
    lines = [f"{folder.name}: {diagnosis.label}"]
    for finding in diagnosis.findings:
        lines.append(f"  {finding.code} {finding.name} ({finding.evidence})")
        lines += [f"     {finding.says}", f"     {finding.remedy}"]
    return "\n".join(lines if diagnosis.findings else [*lines, "  the diagnostics found nothing unusual"])


def _as_dict(diagnosis: "Diagnosis") -> dict[str, object]:
    findings = [vars(finding) for finding in diagnosis.findings]
    return {"label": diagnosis.label, "causes": list(diagnosis.causes), "findings": findings}


def _changes(explanation: "Explanation") -> str:
    head = f"{explanation.cell}: dev {explanation.metric} {explanation.value:.4f}"
    if explanation.reference_value is not None:
        head += f"; compared with {explanation.reference}, {explanation.reference_value:.4f}"
    rows = [
        [f"{one.switch}: {one.words}", "-" if one.value is None else f"{one.value:.4f}", one.share, one.refused]
        for one in explanation.tried
    ]
    differences = ", ".join(f"{key}={value}" for key, value in explanation.differs.items())
    lines = [head, *([f"the better cell has {differences}"] if differences else [])]
    lines += ["", console.table(["change", "dev", "closes", ""], rows), ""] if rows else []
    return "\n".join([*lines, explanation.verdict])
