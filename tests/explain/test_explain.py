"""The switches: which ones apply to which config, and that throwing one really trains it and is judged by dev."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import tiny
from seqtwin.cards import sealed_text
from seqtwin.cli import app
from seqtwin.config import parse_run, vary
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.explain import explain as explaining
from seqtwin.explain.explain import Explanation, Tried, explain
from seqtwin.explain.published_case import Case, read_case, same_pairing, settings, siblings
from seqtwin.explain.suspects import SWITCHES, Question, differences
from seqtwin.run.train import train

TRIALS = {switch.name: switch.trials for switch in SWITCHES}
FAR = {"name": "contrastive", "distance": "euclidean", "margin": 9.0}
SURE = {"data_hash": "a", "split_hash": "b"}


def case(*, value=0.6, diagnostics=None, facts=None, tuned=None, primary="roc_auc", seed=0, **changes):
    config = vary(parse_run({"data": {"name": "placenames"}}), {"fit.seed": seed, **changes})
    manifest = {"id": "it", "tuning": tuned and {"changes": tuned}}
    return Case(
        None, manifest, config, {"dev": {primary: value}}, {**SURE, **(facts or {})}, diagnostics or {}, primary
    )


def changes(name, one, *, better=None, others=(), asked_two=False):
    return [dict(trial.changes) for trial in TRIALS[name](Question(one, better, others, asked_two))]


def test_the_step_budget_is_the_last_resort():
    assert list(TRIALS)[-1] == "step budget"


def test_a_usual_cell_is_suspected_of_little():
    applied = [name for name in TRIALS if changes(name, case())]
    assert applied == ["single seed", "step budget"]


@pytest.mark.parametrize(
    ("name", "wrong", "undone"),
    [
        ("padding", {"encoder.padding": "read"}, [{"encoder.padding": "masked"}]),
        ("bidirectional stitching", {"representation": "last_output"}, [{"representation": "final_hidden"}]),
        ("bidirectional stitching", {"representation": "first_output"}, [{"representation": "final_hidden"}]),
        ("bidirectional stitching", {"representation": "last_output", "encoder.bidirectional": False}, []),
        ("margin scale", {"loss": {"name": "contrastive", "margin": 0.9}}, [{"loss.margin": "auto"}]),
        ("margin scale", {"loss": {"name": "triplet", "margin": 0.9}}, [{"loss.margin": "auto"}]),
        ("margin scale", {"loss": "cosent"}, []),
        (
            "normalisation",
            {"loss": FAR, "similarity": "negative_euclidean"},
            [{"loss.distance": "normalized_euclidean", "similarity": "cosine", "loss.margin": 1.0}],
        ),
        (
            "normalisation",
            {"loss": {"name": "contrastive", "distance": "euclidean"}, "similarity": "negative_euclidean"},
            [{"loss.distance": "normalized_euclidean", "similarity": "cosine"}],
        ),
        ("normalisation", {"similarity": "exp_manhattan"}, [{"similarity": "cosine"}]),
        ("normalisation", {"loss": "contrastive"}, []),
        ("saturation", {"similarity": {"name": "exp_manhattan", "tau": "width"}, "encoder.hidden": 64},
         [{"encoder.hidden": 16}, {"encoder.hidden": 256}]),
        ("step budget", {"fit.epochs": 3}, [{"fit.epochs": 15, "fit.patience": None}]),
    ],
)  # fmt: skip
def test_each_switch_undoes_its_own_mistake(name, wrong, undone):
    assert changes(name, case(**wrong)) == undone


def test_a_margin_that_is_auto_already_is_tried_smaller_and_larger():
    found = changes("margin scale", case(loss={"name": "contrastive", "k": 2.0}))
    assert found == [{"loss.k": pytest.approx(0.6)}, {"loss.k": 6.0}]


def test_a_saturated_head_gets_its_width_and_saturated_states_narrower_ones():
    head = changes("saturation", case(similarity="exp_manhattan"))
    assert head == [{"similarity.tau": "width"}, *({"encoder.hidden": width} for width in (16, 64, 256))]
    states = changes("saturation", case(diagnostics={"saturated": 0.5}))
    assert [set(one) for one in states] == [{"encoder.hidden"}] * 3
    assert changes("saturation", case(diagnostics={"saturated": None})) == []


def test_a_wrong_view_is_told_by_the_permutation_test():
    assert changes("slicing of h_n", case(diagnostics={"permutation_deviation": 0.4})) == [
        {"representation": "final_hidden"}
    ]
    assert changes("slicing of h_n", case(diagnostics={"permutation_deviation": 1e-6})) == []


@pytest.mark.parametrize(
    ("one", "turned"),
    [
        (case(value=0.2), [0.8]),
        (case(value=0.6, diagnostics={"train_auc": 0.1}), [0.4]),
        (case(value=-0.3, primary="spearman", diagnostics={"train_auc": 0.3}), [0.3]),
        (case(value=0.6), []),
    ],
)
def test_turning_the_scores_round_needs_no_training(one, turned):
    found = TRIALS["inverted label"](Question(one, None, (), False))
    assert [(trial.value, trial.changes) for trial in found] == [(pytest.approx(value), {}) for value in turned]


def test_graded_targets_are_cut_elsewhere(tmp_path):
    rows = "\n".join(f"a{i},b{i},{i % 5}" for i in range(20))
    (tmp_path / "pairs.csv").write_text(f"left,right,score\n{rows}\n")
    data = {"file": str(tmp_path / "pairs.csv"), "score": "score", "scale": (0, 4), "split": (0.6, 0.2, 0.2)}
    one = replace(case(facts={"graded": True}), config=parse_run({"data": data, "loss": "contrastive"}))
    found = [list(change.items()) for change in changes("graded-to-binary cut", one)]
    assert found
    assert all(key == "data.cut" and value != 0.5 for ((key, value),) in found)
    assert changes("graded-to-binary cut", replace(one, config=vary(one.config, {"loss": "mse"}))) == []
    assert changes("graded-to-binary cut", replace(one, facts={})) == []


def test_the_better_ones_tuned_settings_are_taken_over():
    here = case(tuned={"fit.lr": 0.1, "loss.k": 2.0}, **{"fit.lr": 0.1})
    there = case(tuned={"fit.weight_decay": 0.5}, **{"fit.weight_decay": 0.5})
    assert changes("unequal tuning", here, better=there) == [{"fit.lr": 0.002, "fit.weight_decay": 0.5}]
    assert changes("unequal tuning", here) == []
    assert changes("unequal tuning", case(), better=case()) == []


def test_other_seeds_are_read_where_they_are_published():
    others = [case(seed=1, value=0.8), case(seed=2, value=0.9), case(seed=3, value=0.1, representation="mean_output")]
    (trial,) = TRIALS["single seed"](Question(case(), None, others, False))
    assert (trial.value, trial.changes) == (pytest.approx(0.85), {})
    assert changes("single seed", case(seed=4), others=[case(seed=4)]) == [{"fit.seed": 5}, {"fit.seed": 6}]


def test_settings_that_differ_are_tried_one_at_a_time():
    here, there = case(), case(seed=7, representation="mean_output", **{"fit.lr": 0.1, "fit.threads": 1})
    assert differences(here, there) == {"representation": "mean_output", "fit.lr": 0.1}
    assert changes("differing setting", here, better=there, asked_two=True) == [
        {"representation": "mean_output"},
        {"fit.lr": 0.1},
    ]
    assert changes("differing setting", here, better=there) == []
    assert same_pairing(case(), case(seed=1))
    assert not same_pairing(case(), case())
    assert not same_pairing(case(), case(seed=1, representation="mean_output"))


# explain itself


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Three published cells on the tiny task: one that learnt, one that had one step at no rate, one on other data."""
    home = tmp_path_factory.mktemp("explained")
    tiny.write_pairs(home / "data")
    tiny.write_pairs(home / "other", (96, 40, 44))
    sound = parse_run(tiny.raw_run(home / "data", fit={"epochs": 12}))
    train(sound, home / "study" / "cells" / "sound.s0")
    train(vary(sound, {"fit.epochs": 1, "fit.lr": 1e-6}), home / "study" / "cells" / "slow.s0")
    train(parse_run(tiny.raw_run(home / "other", fit={"epochs": 1})), home / "study" / "cells" / "other.s0")
    return home / "study"


@pytest.fixture
def in_process(monkeypatch):
    """Trainings in this process, counted."""
    ran = []

    def run_all(work, tasks, folder, workers, on_progress):
        for task in tasks:
            ran.append(task)
            work.run(task, folder)

    monkeypatch.setattr(explaining, "run_all", run_all)
    return ran


@pytest.mark.long
def test_what_flips_the_verdict_is_named(study, in_process, tmp_path):
    slow, sound = (study / "cells" / f"{name}.s0" for name in ("slow", "sound"))
    found = explain(slow, sound, out=tmp_path / "out")
    assert (found.cell, found.reference) == ("slow.s0", "sound.s0")
    assert found.differs == {"fit.epochs": 12, "fit.lr": 0.05}
    assert found.gap == pytest.approx(read_case(sound).value - read_case(slow).value)
    assert found.gap > 0.1
    lr = next(one for one in found.tried if one.changes == {"fit.lr": 0.05})
    trained = next((tmp_path / "out").glob("differing-setting-fit-lr*/scores.json"))
    assert lr.value == json.loads(trained.read_text())["dev"]["roc_auc"]
    assert lr.closes == pytest.approx((lr.value - found.value) / found.gap)
    epochs = next(one for one in found.tried if one.changes == {"fit.epochs": 12})
    assert not epochs.flips  # more steps at no rate are no steps
    assert found.flips
    assert found.verdict.startswith(f"{found.flips[0].switch} flips the verdict")
    assert found.as_dict()["flips"] == [one.switch for one in found.flips]
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.long
def test_only_one_change_is_made_and_the_seed_stays(study, in_process, tmp_path):
    slow = study / "cells" / "slow.s0"
    explain(slow, study / "cells" / "sound.s0", out=tmp_path / "out")
    own = read_case(slow)
    for cell in in_process:
        trained = read_case(tmp_path / "out" / cell.id)
        assert trained.data == own.data
        changed = {key for key, value in settings(trained).items() if value != settings(own)[key]}
        assert changed | {"fit.seed"} >= {*changed}
        assert len(changed) == (2 if "step-budget" in cell.id else 0 if "single-seed" in cell.id else 1)
        assert (trained.config.fit.seed == 0) == ("single-seed" not in cell.id)


def test_the_order_of_the_two_does_not_matter_and_nothing_is_trained_twice(study, in_process, tmp_path):
    cells = [study / "cells" / f"{name}.s0" for name in ("sound", "slow")]
    first = explain(*cells, out=tmp_path / "out", only=["step budget"])
    count = len(in_process)
    assert count == 1
    assert explain(*cells[::-1], out=tmp_path / "out", only=["step-budget"]) == first
    assert len(in_process) == count


def test_one_cell_is_held_against_the_best_of_its_study(study, in_process):
    found = explain(study / "cells" / "slow.s0", only=["step-budget"])
    assert found.reference == "sound.s0"
    assert [one.id for one in siblings(read_case(study / "cells" / "slow.s0"))] == ["sound.s0"]  # other.s0: other pairs
    assert (study / "explain" / "slow.s0").is_dir()
    assert [one.switch for one in found.tried] == ["step budget"]


def test_the_best_has_nothing_to_explain(study, in_process):
    found = explain(study / "cells" / "sound.s0")
    assert (found.reference_value, found.gap, found.tried, in_process) == (None, 0.0, (), [])
    assert "no gap" in found.verdict


def test_without_a_better_one_the_ceiling_of_the_data_counts():
    one = case(value=0.7, facts={"source": {"ceiling": 1.0, "metric": "roc_auc"}})
    assert explaining._reference(one, None) == ("the ceiling of the data", 1.0)
    assert explaining._reference(case(facts={"source": {"ceiling": 1.0, "metric": "spearman"}}), None) == ("", None)


def test_a_change_that_cannot_be_trained_says_why(study, in_process, tmp_path, monkeypatch):
    asked = lambda _: [explaining.Trial("margin 99", {"loss": {"name": "contrastive", "margin": 99.0}})]  # noqa: E731
    monkeypatch.setattr(explaining, "SWITCHES", (explaining.Switch("margin scale", "why", asked),))
    found = explain(study / "cells" / "slow.s0", out=tmp_path / "out")
    (tried,) = found.tried
    assert (tried.value, tried.closes, tried.flips) == (None, None, False)
    assert "cannot be reached" in tried.refused
    assert in_process == []
    assert "no cause is named (R12)" in found.verdict


@pytest.mark.long
def test_workers_train_as_this_process_does(study, tmp_path):
    slow = study / "cells" / "slow.s0"
    seen = []
    found = explain(slow, out=tmp_path / "out", jobs=1, only=["step-budget"], on_progress=seen.append)
    (tried,) = found.tried
    assert tried.value is not None
    assert [event.done for event in seen if event.done] == ["finished"]
    assert read_case(next((tmp_path / "out").glob("step-budget*"))).config.fit.epochs == 5


@pytest.mark.parametrize(
    ("cells", "options", "code"),
    [
        (("nothing",), {}, "NO_CELL"),
        (("slow.s0", "nothing"), {}, "NO_CELL"),
        (("slow.s0", "other.s0"), {}, "EXPLAIN_DATA"),
        (("slow.s0",), {"only": ["step-bugdet"]}, "EXPLAIN_SWITCH"),
    ],
)
def test_errors_say_what_to_do(study, cells, options, code):
    with pytest.raises(ConfigError) as caught:
        explain(*(study / "cells" / name for name in cells), **options)
    assert caught.value.code == code
    if code == "EXPLAIN_SWITCH":
        assert "did you mean 'step-budget'" in caught.value.cause


def test_a_trial_folder_of_another_config_is_not_taken(study, in_process, tmp_path):
    explain(study / "cells" / "slow.s0", out=tmp_path / "out", only=["step-budget"])
    (folder,) = (path for path in (tmp_path / "out").iterdir() if path.is_dir() and path.name.startswith("step"))
    manifest = json.loads((folder / "manifest.json").read_text())
    files = {name: manifest.pop(name) for name in ("files", "sha256")}
    (folder / "manifest.json").write_text(sealed_text({**manifest, "key": "another", "files": files["files"]}))
    with pytest.raises(ConfigError) as caught:
        explain(study / "cells" / "slow.s0", out=tmp_path / "out", only=["step-budget"])
    assert caught.value.code == "EXPLAIN_CHANGED"


def test_a_damaged_cell_is_named(study, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("manifest.json", "config.yaml", "scores.json"):
        (folder / name).write_text("{")
    with pytest.raises(DamagedError):
        explain(folder)


def test_the_strongest_flip_comes_first():
    tried = [Tried(name, "", name, {}, 0.0, closes, "") for name, closes in (("a", 0.6), ("b", 0.9), ("c", 0.4))]
    found = Explanation("cell", "roc_auc", 0.5, "other", 0.9, {}, (*tried, Tried("d", "", "d", {}, None, None, "no")))
    assert [one.switch for one in found.flips] == ["b", "a"]
    assert "b flips the verdict" in found.verdict
    assert "90 %" in found.verdict
    assert found.verdict.endswith("So do a (60 %).")
    assert "nothing to explain" in replace(found, reference_value=0.505).verdict


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_joins_diagnosis_and_switches(study, in_process, tmp_path, as_json):
    cell = study / "cells" / "slow.s0"
    arguments = ["explain", str(cell), "--only", "step-budget", "--out", str(tmp_path / "out")]
    ran = CliRunner().invoke(app, [*arguments, *(["--json"] if as_json else [])])
    assert ran.exit_code == 0, ran.output
    if as_json:
        found = json.loads(ran.stdout)
        assert found["diagnoses"][str(cell)]["label"] == "not trained yet"
        assert [one["switch"] for one in found["switches"]] == ["step budget"]
        assert found["reference"] == "sound.s0"
    else:
        assert "slow.s0: not trained yet" in ran.stdout
        assert "D17" in ran.stdout
        assert "compared with sound.s0" in ran.stdout
        assert ran.stdout.rstrip().endswith(".")
