"""States in which nothing can be compared: everything tied (R16), everything at the ceiling (R17), tiny test (R18)."""

import copy
from dataclasses import replace

import fake_study
import pytest

from seqtwin.reporting.findings.refusals import check_claims, no_contrast
from seqtwin.reporting.page import cell_marks, headline, write_report
from seqtwin.reporting.table.facet import facets_of
from seqtwin.reporting.table.study_table import read_study

FACTORS = {"representation": ("mean_output", "max_output"), "loss": ("mse", "contrastive-auto")}
STATES = ("R16", "R17", "R18")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A tuned study of six seeds whose pairings differ, far from the ceiling, with 400 test pairs."""
    folder = tmp_path_factory.mktemp("contrast") / "study"
    odd = {("max_output", "contrastive-auto"): "stuck"}
    return read_study(fake_study.build(folder, factors=FACTORS, seeds=6, tier="standard", tuned=True, odd=odd))


def with_means(table, means):
    return replace(table, pairings=table.pairings.assign(mean=means))


def with_test(table, rows, counts=None):
    facts = {"pairs": {"train": 100, "dev": 20, "test": rows}, **({"counts": {"test": counts}} if counts else {})}
    datasets = {name: {**known, **facts} for name, known in table.meta["datasets"].items()}
    return replace(table, meta={**table.meta, "datasets": datasets})


def of_best(table):
    return {one.code for one in check_claims.check_best(table, table.analysis["facets"][0])}


def in_study(table):
    return {one.code for one in check_claims.check_study(table)}


def kind(table):
    return headline.headline(table, headline.answers(table, facets_of(table)))["kind"]


def test_a_sound_study_is_in_none_of_these_states(sound):
    assert not {*STATES} & (of_best(sound) | in_study(sound))
    assert kind(sound) not in headline.STATES.values()


@pytest.mark.parametrize("tier", ["quick", "standard"])
def test_equal_values_are_a_tie_of_everything(sound, tier):
    table = with_means(replace(sound, meta={**sound.meta, "tier": tier}), [0.8, 0.8001, 0.8002, 0.8003])
    assert "R16" in of_best(table)
    assert "R16" in in_study(table)
    assert kind(table) == "tie"
    (found,) = [one for one in check_claims.check_study(table) if one.code == "R16"]
    assert "All 4 pairings score the same (.800)" in found.why


def shared_letter(table, letters):
    analysis = copy.deepcopy(table.analysis)
    for tie, letter in zip(analysis["facets"][0]["ties"], letters, strict=True):
        tie["letters"] = letter
    return replace(table, analysis=analysis)


def test_a_letter_that_all_share_is_a_tie_except_in_a_quick_study(sound):
    """A quick study tests nothing, so a missing difference is no result there."""
    table = shared_letter(sound, ["a", "ab", "a", "ab"])
    assert "R16" in of_best(table)
    assert "do not differ significantly" in no_contrast.all_tied(table, table.analysis["facets"][0]).why
    assert "R16" not in of_best(shared_letter(sound, ["a", "ab", "b", "ab"]))
    assert "R16" not in of_best(replace(table, meta={**table.meta, "tier": "quick"}))


@pytest.mark.parametrize(("lowest", "refused"), [(0.9901, True), (0.989, False)])
def test_the_ceiling_begins_within_the_rope_of_a_perfect_score(sound, lowest, refused):
    table = with_means(sound, [1.0, 0.999, 0.995, lowest])
    assert ("R17" in of_best(table)) == refused
    assert (kind(table) == "ceiling") == refused
    planned = [{one.code for one in check_claims.check_comparison(table, row)} for row in table.analysis["planned"]]
    assert not refused or all("R17" in codes for codes in planned)


def test_a_known_ceiling_of_the_data_takes_the_place_of_a_perfect_score(sound):
    datasets = {name: {**facts, "ceilings": {"any": 0.85}} for name, facts in sound.meta["datasets"].items()}
    table = with_means(replace(sound, meta={**sound.meta, "datasets": datasets}), [0.85, 0.849, 0.848, 0.841])
    assert "R17" in of_best(table)


def test_a_loss_on_its_plateau_is_no_fault_at_the_ceiling(sound):
    stuck = {"representation": "max_output", "loss": "contrastive-auto"}
    low, high = sound, with_means(sound, 0.999)
    assert "R14" in {one.code for one in check_claims.check_study(low)}
    assert "R14" not in {one.code for one in check_claims.check_study(high)}
    marks = [cell_marks.diagnoses(table)[stuck["representation"], stuck["loss"]] for table in (low, high)]
    assert [bool(mark.codes & {*cell_marks.STILL}) for mark in marks] == [True, False]
    assert marks[1].label == "healthy"


@pytest.mark.parametrize(
    ("rows", "counts", "words"),
    [
        (3, None, "3 pairs"),
        (1, None, "1 pair"),
        (60, {"same": 4, "different": 56}, "4 same pairs"),
        (12, {"same": 1, "different": 2}, "1 same pair and 2 different pairs"),
        (20, {"same": 10, "different": 10}, ""),
        (10, None, ""),
    ],
)
def test_a_tiny_test_split_is_counted_in_words(sound, rows, counts, words):
    table = with_test(sound, rows, counts)
    assert no_contrast.few_test_rows(table, "placenames") == words
    assert ("R18" in of_best(table)) == ("R18" in in_study(table)) == bool(words)
    assert (kind(table) == "tiny") == bool(words)


def test_a_tiny_test_comes_before_a_ceiling_and_a_ceiling_before_a_tie(sound):
    table = with_means(sound, 1.0)
    assert kind(table) == "ceiling"
    assert kind(with_test(table, 3)) == "tiny"
    assert {*STATES} <= of_best(with_test(table, 3))


def test_a_tie_of_everything_does_not_contradict_a_planned_comparison(sound):
    """Planned comparisons are fewer than all pairs, so one can be significant where no pair of the heat map is."""
    tied = shared_letter(sound, ["a", "ab", "a", "ab"])
    for claim in ("", "left"):
        planned = [{**row, "claim": claim} for row in tied.analysis["planned"]]
        table = replace(tied, analysis={**tied.analysis, "planned": planned})
        why = no_contrast.all_tied(table, table.analysis["facets"][0]).why
        files = write_report.report_files(table)
        page, html = files["report.md"], files["index.html"]
        assert "any pairing will do" not in html  # a difference that is not significant is no equality
        assert ("none is shown to be better" in html) is not bool(claim)
        assert ("do not differ significantly from each other" in why) is not bool(claim)
        assert ("**No pairing differs significantly from another" in page) is not bool(claim)
        assert ("**No pairing is best on" in page) is bool(claim)
