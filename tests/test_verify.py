"""Damage is found in every file of whatever can be verified, wherever a byte flips, and all of it is listed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tiny
from seqtwin.cli.status_verify import verify as verify_command
from seqtwin.config import RunConfig
from seqtwin.errors import ConfigError
from seqtwin.files import dump_json, publish_folder, write_text
from seqtwin.index import generations
from seqtwin.run.train import train
from seqtwin.store import CARD, README, TOKENS, WEIGHTS, card_seal
from seqtwin.verify import VERIFIERS, verify_folder


def flipped(path: Path, place: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(bytes(data))


def files_of(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    config = RunConfig.model_validate(tiny.raw_run(tiny.write_pairs(folder / "data"), fit={"epochs": 1}))
    return train(config, folder / "run").path


def test_whole_things_have_no_damage(encoder: Path, run: Path) -> None:
    found = verify_folder(encoder)
    assert (found.kind, found.damage) == ("encoder", ())
    assert found.files == 1 + len(files_of(encoder)), "each file, and whether they fit each other"
    found = verify_folder(run)
    assert (found.kind, found.damage) == ("published folder", ())
    assert found.files == 1 + len(files_of(run))


@pytest.mark.parametrize("name", [CARD, WEIGHTS, TOKENS, README])
def test_no_flipped_bit_of_an_encoder_goes_unseen(tmp_path: Path, encoder: Path, name: str) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder, folder)
    whole = (folder / name).read_bytes()
    rng = np.random.default_rng(0)
    places = range(len(whole)) if name in (CARD, README) else rng.integers(0, len(whole), 60).tolist()
    for place in places:
        flipped(folder / name, place, int(rng.integers(0, 8)))
        damage = {one.place.name for one in verify_folder(folder).damage}
        if name != CARD:
            assert damage == {name}, f"byte {place}: {whole[place : place + 1]!r}"
        # a card that is damaged may name files and hashes that are not there
        assert damage & {name, README}, f"byte {place}: {whole[place : place + 1]!r}"
        (folder / name).write_bytes(whole)
    assert not verify_folder(folder).damage


def test_no_flipped_byte_of_a_run_goes_unseen(tmp_path: Path, run: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    rng = np.random.default_rng(0)
    for path in files_of(folder):
        whole = path.read_bytes()
        for place in rng.integers(0, len(whole), 12 if path.name == "manifest.json" else 2).tolist():
            flipped(path, place, int(rng.integers(0, 8)))
            assert path in {one.place for one in verify_folder(folder).damage}, f"{path.name}: byte {place}"
            path.write_bytes(whole)
    assert not verify_folder(folder).damage


def test_all_damage_is_listed_and_missing_files_are_named(tmp_path: Path, encoder: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder, folder)
    (folder / WEIGHTS).unlink()
    (folder / README).write_text("mine")
    flipped(folder / TOKENS, 9)
    found = {one.place.name: one.wrong for one in verify_folder(folder).damage}
    assert found == {WEIGHTS: "missing", README: "changed since it was saved", TOKENS: "changed since it was saved"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": []}', '{"files": {}, "sha256": 3}', "null", "\xff"])
@pytest.mark.parametrize("name", [CARD, "manifest.json"])
def test_a_card_or_manifest_of_any_content_is_damage(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="latin-1")
    assert [one.place for one in verify_folder(tmp_path).damage] == [tmp_path / name]


def test_files_that_do_not_fit_each_other_are_damage(tmp_path: Path, encoder: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder, folder)
    card = json.loads((folder / CARD).read_text())
    card["blueprint"]["encoder"]["hidden"] = 9
    seal = card.pop("readme_sha256")
    (folder / CARD).write_text(dump_json({**card, "sha256": card_seal(card), "readme_sha256": seal}))
    assert len(verify_folder(folder).damage) == 1


def test_encoders_of_older_versions_have_no_seal_of_their_readme(tmp_path: Path, encoder: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder, folder)
    card = json.loads((folder / CARD).read_text())
    del card["readme_sha256"]
    (folder / CARD).write_text(dump_json(card))
    (folder / README).write_text("mine")
    assert not verify_folder(folder).damage


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study").mkdir()
    (tmp_path / "study/study.json").write_text("{}\n")
    for name in ("cells/a", "cells/b", "tuning/c"):
        with publish_folder(tmp_path / "study" / name) as building:
            write_text(building.folder / "scores.json", "{}\n")
    (tmp_path / "study/tuning/.journals").mkdir()
    return tmp_path / "study"


def test_a_study_is_all_of_its_cells_and_tunings(study: Path) -> None:
    found = verify_folder(study)
    assert (found.kind, found.files, found.damage) == ("study", 7, ())
    flipped(study / "cells/b/scores.json", 0)
    (study / "tuning/c/manifest.json").unlink()
    (study / "study.json").write_text("{")
    assert [one.place.relative_to(study).as_posix() for one in verify_folder(study).damage] == [
        "study.json",
        "cells/b/scores.json",
        "tuning/c/manifest.json",
    ]


def test_repair_moves_what_is_damaged_and_deletes_nothing(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    flipped(study / "cells/b/scores.json", 0)
    (study / "tuning/c/manifest.json").unlink()
    damaged = (study / "cells/b/scores.json").read_bytes()
    verify_command(study, repair=True)
    assert "next: the same seqtwin compare" in capsys.readouterr().out
    assert verify_folder(study).damage == ()
    assert [path.name for path in sorted((study / "cells").glob("[!.]*"))] == ["a"]
    (moved,) = (study / "cells/.damaged").iterdir()
    assert moved.name.startswith("b.")
    assert (moved / "scores.json").read_bytes() == damaged
    (study / "study.json").write_text("{")
    with pytest.raises(typer.Exit):  # what it cannot repair is still damage
        verify_command(study, repair=True)


def test_a_file_that_somebody_added_is_named_and_no_damage(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "cells/a/notes.txt").write_text("mine")
    assert verify_folder(study).damage == ()
    verify_command(study)
    assert "notes.txt: does not belong to it, and is not read" in capsys.readouterr().out
    (study / "cells/a/floors.json").write_text("{}\n")  # a reader could believe it
    assert [finding.place.name for finding in verify_folder(study).damage] == ["floors.json"]
    verify_command(study, repair=True)
    assert (study / "cells/a/scores.json").exists()  # only the added file is moved
    assert len([*(study / "cells/a/.damaged").iterdir()]) == 1


def test_only_a_study_can_be_repaired(tmp_path: Path, encoder: Path) -> None:
    shutil.copytree(encoder, tmp_path / "encoder")
    flipped(tmp_path / "encoder" / WEIGHTS, 500)
    with pytest.raises(ConfigError, match="only a study can be repaired"):
        verify_command(tmp_path / "encoder", repair=True)


def test_an_index_is_its_generations_and_the_one_in_force(tmp_path: Path) -> None:
    contents = {"a.bin": b"abc", "b.bin": bytes(100)}
    generations.publish(tmp_path / "index", contents, after=None)
    place = tmp_path / "index/gen-000001"
    for name in ("a.bin", "b.bin", "manifest.json"):
        whole = (place / name).read_bytes()
        flipped(place / name, len(whole) // 2)
        assert place / name in {one.place for one in verify_folder(tmp_path / "index").damage}
        (place / name).write_bytes(whole)
    flipped(tmp_path / "index/CURRENT", 20)
    assert any(one.place.parent.name in ("index", "gen-000001") for one in verify_folder(tmp_path / "index").damage)


def test_what_is_none_of_these_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match="nothing to verify here") as caught:
            verify_folder(place)
        assert caught.value.exit_code == 2


def test_a_kind_can_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERIFIERS, "mine.txt", ("mine", lambda folder: iter(())))
    (tmp_path / "mine.txt").write_text("x")
    assert verify_folder(tmp_path).kind == "mine"


def test_the_command_ends_with_code_3_where_something_is_damaged(
    tmp_path: Path, encoder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    folder = tmp_path / "encoder"
    shutil.copytree(encoder, folder)
    verify_command(folder, as_json=True)
    assert json.loads(capsys.readouterr().out)["damage"] == []
    flipped(folder / WEIGHTS, 500)
    with pytest.raises(typer.Exit) as caught:
        verify_command(folder)
    assert caught.value.exit_code == 3
    assert "model.safetensors: changed since it was saved" in capsys.readouterr().out
