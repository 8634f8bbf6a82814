"""One flipped bit, or a few random bytes, in any saved file: `verify` sees it, and no reader is misled."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from flip_bits import KINDS, files_of, outcome, read_by_a_report, saved_folders
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios import in_this_process

import tiny
from seqtwin.config import parse_study
from seqtwin.errors import DamagedError, SeqTwinError
from seqtwin.explain.published_case import read_case
from seqtwin.files import dump_json
from seqtwin.guards.seals import seal_of
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.reporting.findings.diagnose import diagnose_cell
from seqtwin.reporting.page.write_report import report_files, write_report
from seqtwin.reporting.table.study_table import read_study
from seqtwin.study import worker_pool
from seqtwin.study.compare import compare
from seqtwin.verify import verify_folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_pool, "run_some", in_this_process)
        patch.setattr("seqtwin.study.tuning.trials_of", lambda _: 2)
        return saved_folders(tmp_path_factory.mktemp("faults"))


def damage_of(folder: Path) -> set[Path]:
    return {finding.place for finding in verify_folder(folder).damage}


@pytest.mark.parametrize("kind", KINDS)
def test_verify_sees_a_flipped_bit_in_every_file(saved: dict[str, Path], kind: str) -> None:
    folder, rng = saved[kind], np.random.default_rng(0)
    assert damage_of(folder) == set()
    assert verify_folder(folder).unsealed == ()
    for path in files_of(folder):
        whole = path.read_bytes()
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        assert damage_of(folder), path
        path.write_bytes(whole)
    assert damage_of(folder) == set()


@settings(max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_verify_sees_random_bytes_at_random_places(saved: dict[str, Path], kind: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files_of(saved[kind])))
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    changed = whole[:start] + data.draw(st.binary(max_size=8)) + whole[data.draw(st.integers(start, start + 8)) :]
    if changed != whole:
        path.write_bytes(changed)
        try:
            assert damage_of(saved[kind]), path
        finally:
            path.write_bytes(whole)


def test_a_report_is_the_same_or_refused(saved: dict[str, Path]) -> None:
    study, rng = saved["study"], np.random.default_rng(1)
    expected = report_files(read_study(study))
    for path in read_by_a_report(study) + [p for p in read_by_a_report(study) if p.suffix == ".json"] * 3:
        whole = path.read_bytes()
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        assert outcome(study, expected) in ("the same", 3), path
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["manifest.json", "scores.json", "facts.json", "diagnostics.json"])
def test_explain_refuses_a_changed_cell(saved: dict[str, Path], name: str) -> None:
    path = sorted(saved["study"].glob(f"cells/*/{name}"))[0]
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"0.", b"1.", 1))
    assert path.read_bytes() != whole
    for reads in (read_case, diagnose_cell):
        with pytest.raises(DamagedError):
            reads(path.parent)
    path.write_bytes(whole)


def test_compare_refuses_a_changed_study(
    saved: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    study = tmp_path / "study"
    shutil.copytree(saved["study"], study)
    shutil.copytree(saved["study"].parent / "data", tmp_path / "data")
    base = tiny.raw_run(tmp_path / "data", fit={"epochs": 1})
    config = parse_study({"base": base, "grid": {"representation": ["final_hidden", "max_output"]}, "seeds": 1})
    monkeypatch.setattr("seqtwin.study.tuning.trials_of", lambda _: 2)
    for name in ("study.json", next(study.glob("tuning/*/best.json")), next(study.glob("cells/*/manifest.json"))):
        whole = (study / name).read_bytes()
        (study / name).write_bytes(whole.replace(b"final_hidden", b"final_hiddem").replace(b"0.", b"1."))
        with pytest.raises(DamagedError):
            compare(config, study, jobs=1)
        (study / name).write_bytes(whole)


@pytest.mark.parametrize("name", ["study.json", "report/study.json", "cells/*/manifest.json", "tuning/*/manifest.json"])
def test_a_removed_seal_does_not_pass_as_an_older_version(saved: dict[str, Path], name: str) -> None:
    path = sorted(saved["study"].glob(name))[0]
    whole = path.read_bytes()
    content = json.loads(whole)
    del content["sha256"]
    path.write_text(dump_json(content))
    assert path in damage_of(saved["study"])
    with pytest.raises(DamagedError, match="its seal"):
        read_study(saved["study"] / "report" if "report" in name else saved["study"])
    path.write_bytes(whole)


def test_a_study_of_an_older_version_is_read_and_said_to_be_unsealed(saved: dict[str, Path], tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(saved["study"], study)
    shutil.rmtree(study / "report")
    for path in [study / "study.json", *study.glob("*/*/manifest.json")]:
        content = json.loads(path.read_text())
        del content["sha256"]
        path.write_text(dump_json({**content, "format": 1}))
    found = verify_folder(study)
    assert found.damage == ()
    assert len(found.unsealed) == 5
    write_report(study)  # its own tables are then unsealed, too
    assert read_study(study / "report").meta["format"] == 1
    tables = len([*(study / "report").glob("*.csv")])
    assert len(verify_folder(study).unsealed) == 6 + tables


def test_older_manifests_with_a_seal_are_checked(saved: dict[str, Path]) -> None:
    path = sorted(saved["study"].glob("cells/*/manifest.json"))[0]
    whole = path.read_bytes()
    content = {**json.loads(whole), "format": 1}
    older = dump_json({**content, "sha256": seal_of(content)})
    path.write_text(older)
    read_study(saved["study"])
    for changed in (older.replace('"sha256": "', '"sha257": "'), older.replace("finished", "finishec")):
        path.write_text(changed)
        with pytest.raises(DamagedError):
            read_study(saved["study"])
    path.write_bytes(whole)


@pytest.mark.parametrize("kind", ["exact", "hnsw", "ivfpq", "encoder"])
def test_nothing_damaged_is_loaded(saved: dict[str, Path], kind: str) -> None:
    folder, rng = saved[kind], np.random.default_rng(2)
    encoder = load(saved["encoder"])
    for path in files_of(folder):
        whole = path.read_bytes()
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        if path.name != "README.md":  # it changes no vector
            with pytest.raises(SeqTwinError) as caught:
                load(folder) if kind == "encoder" else Index.load(folder, encoder)
            assert caught.value.exit_code == 3, path
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["results.csv", "pairings.csv", "analysis.json", "worst.csv"])
def test_the_tables_of_a_report_are_sealed(saved: dict[str, Path], name: str) -> None:
    path = saved["study"] / "report" / name
    assert report_files(read_study(path.parent)) == report_files(read_study(saved["study"]))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"0", b"1", 1))
    with pytest.raises(DamagedError, match="changed since it was published"):
        read_study(path.parent)
    path.write_bytes(whole)


def test_tables_without_the_pages_are_whole(saved: dict[str, Path], tmp_path: Path) -> None:
    tables = [p for p in (saved["study"] / "report").iterdir() if p.suffix in (".csv", ".json")]
    for path in tables:
        shutil.copy(path, tmp_path)
    assert damage_of(tmp_path) == set()
    (tmp_path / "results.csv").unlink()
    assert damage_of(tmp_path) == {tmp_path / "results.csv"}
