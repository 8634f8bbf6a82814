"""What the page says of a tested study: the finding or its refusal, claims, marks, remedies, the model card."""

import copy
import re
from dataclasses import replace

import numpy as np
import pytest

from seqtwin.reporting.findings import diagnose
from seqtwin.reporting.page import (
    cell_marks,
    evidence_tables,
    headline,
    methods,
    next_steps,
    planned_verdicts,
    reference_values,
)
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.facet import facets_of


def _with(table, **meta):
    return replace(table, meta={**table.meta, **meta})


def _answers(table):
    return headline.answers(table, facets_of(table))


def _refused(table):
    return [one.code for one in _answers(table)[0]["refused"]]


def _text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html)).replace("&lt;", "<")


def test_the_finding_is_the_headline(contents):
    page = contents["index.html"]
    head = _text(re.search(r"<h1>(.*?)</h1>", page, re.DOTALL).group(1))
    assert "Take the output or the hidden state? Pooling over all steps beats the last state on placenames, by" in head
    assert "depends on the loss" in head
    assert "No verdict" not in head
    assert "Use max_output with mse: ROC-AUC .9" in _text(page)
    assert "Pooling over all steps beats the last state on placenames" in contents["report.md"]


def test_leaders_are_the_best_and_what_is_not_apart_from_it(serious_table):
    (found,) = _answers(serious_table)
    versus = serious_table.analysis["facets"][0]["versus_best"]
    assert len(found["tied"]) == sum(not row["apart"] for row in versus)
    assert found["apart"] == sum(row["apart"] for row in versus)
    assert float(found["nearest"]["difference"]) == pytest.approx(
        min(abs(row["difference"]) for row in versus if row["apart"]), abs=5e-4
    )


def _ties(table, apart):
    analysis = copy.deepcopy(table.analysis)
    for row in analysis["facets"][0]["versus_best"]:
        row["apart"] = apart(row)
    return headline.finding(_answers(replace(table, analysis=analysis))[0])["lead"]


def test_every_kind_of_lead(serious_table):
    assert _ties(serious_table, lambda row: True) == "one"
    assert _ties(serious_table, lambda row: False) == "all"
    assert _ties(serious_table, lambda row: row["representation"] != "max_output") == "representation"
    assert _ties(serious_table, lambda row: row["loss"] != "mse") == "loss"
    assert _ties(serious_table, lambda row: row["representation"] not in ("mean_output", "max_output")) == "family"
    assert _ties(serious_table, lambda row: row["representation"] != "final_hidden") == "some"


def test_refusals_take_the_place_of_the_verdict(serious_table, undrawn):
    assert _refused(serious_table) == []
    assert "R01" in _refused(_with(serious_table, tier="quick"))
    leaking = serious_table.results.assign(diag_leakage_share=0.25)
    found = report_files(_with(replace(serious_table, results=leaking), question=""))["index.html"]
    head = _text(re.search(r"<h1>(.*?)</h1>", found, re.DOTALL).group(1))
    assert "Pooling over all steps scored" in head
    assert "No verdict (R13)" in head
    assert "Use max_output" not in _text(found)


def test_overrides_stand_in_the_title(serious_table):
    assert headline.overrides(serious_table) == []
    assert "NOT TUNED" in headline.title_of(_with(serious_table, tuned=False))
    assert "LEAKAGE ALLOWED: a reason" in headline.title_of(_with(serious_table, allow_leakage="a reason"))


def test_letters_are_those_of_the_analysis_and_never_at_tier_quick(serious_table):
    ties = {(t["representation"], t["loss"]): t["letters"] for t in serious_table.analysis["facets"][0]["ties"]}
    (facet,) = facets_of(serious_table)
    assert {key: facet.letters(*key) for key in ties} == ties
    (quick,) = facets_of(_with(serious_table, tier="quick"))
    assert not any(quick.letters(*key) for key in ties)


def test_a_finding_does_not_reach_beyond_its_heat_map(serious_table):
    (found,) = _answers(serious_table)
    assert headline.headline(serious_table, [found])["kind"] == "finding"
    assert headline.headline(serious_table, [{**found, "scope": "encoder.hidden = 64"}])["kind"] == "first"


def test_interaction_order_size_and_none(serious_table):
    (facet,) = facets_of(serious_table)
    assert headline.depends(facet) == "size"
    turned = facet.pairings.assign(mean=np.where(facet.pairings["loss"] == "mse", 1.0, -1.0) * facet.pairings["mean"])
    ties = [{**tie, "letters": letter} for tie, letter in zip(facet.analysis["ties"], "abcdefghij", strict=True)]
    apart = replace(facet, pairings=turned, analysis={**facet.analysis, "ties": ties})
    assert headline.depends(apart) == "order"
    tied = [{**tie, "letters": "z" + tie["letters"]} for tie in ties]
    assert headline.depends(replace(apart, analysis={**facet.analysis, "ties": tied})) == "size"
    analysis = copy.deepcopy(facet.analysis)
    analysis["omnibus"]["terms"] = [{**term, "p": 0.2} for term in analysis["omnibus"]["terms"]]
    assert headline.depends(replace(facet, analysis=analysis)) == ""
    assert headline.interactions([replace(facet, analysis=analysis)])[0]["kind"] == "none"
    assert headline.interactions([replace(facet, analysis={})])[0]["kind"] == "untested"


def test_no_interaction_is_claimed_of_vectors_of_unequal_width(serious_table):
    (facet,) = facets_of(serious_table)
    assert len(facet.widths) == 1
    wide = facet.pairings["representation"] == "max_output"
    uneven = replace(facet, pairings=facet.pairings.assign(dim_mean=np.where(wide, 512.0, 256.0)))
    assert headline.depends(facet)
    assert headline.depends(uneven) == ""
    (found,) = headline.interactions([uneven])
    assert (found["kind"], found["widths"]) == ("wide", "256 and 512")


@pytest.mark.parametrize(("share", "expected"), [(0.02, ""), (0.3, "size")])
def test_an_interaction_is_a_headline_only_where_it_carries_variance(serious_table, share, expected):
    (facet,) = facets_of(serious_table)
    variance = [{"source": "interaction", "share": share}, {"source": "loss", "share": 0.1}]
    changed = replace(facet, analysis={**facet.analysis, "variance": variance})
    (found,) = headline.answers(serious_table, [changed])
    assert headline.finding(found)["depends"] == expected
    assert headline.interactions([changed])[0]["shares"] == {"interaction": f"{100 * share:.0f} %", "loss": "10 %"}


def test_a_claim_needs_the_statistics_and_no_refusal(serious_table):
    (rows,) = planned_verdicts.planned(serious_table).values()
    for row in rows:
        assert row["claimed"] == (bool(row["claim"]) and not row["blocks"] and not row["refused"])
        assert row["claimed"] == row["verdict"].endswith(" is better")
    assert any(row["claimed"] for row in rows)
    assert any(row["claim"] and row["blocks"] for row in rows)
    (quick,) = planned_verdicts.planned(_with(serious_table, tier="quick")).values()
    assert not any(row["claimed"] for row in quick)


def test_planned_comparisons_stand_in_figure_table_and_markdown(contents, serious_table):
    figure = contents["figures/planned-placenames.svg"]
    for row in serious_table.analysis["planned"]:
        assert row["name"].split(" (")[0] in figure
    assert "Planned comparisons" in contents["report.md"]
    (rows,) = planned_verdicts.planned(serious_table).values()
    sheet = planned_verdicts.planned_sheet("x", rows, 0.01)
    assert [entry.key for entry in sheet["rows"][0]][2] == serious_table.analysis["planned"][0]["difference"]


def test_the_variance_bar_holds_every_share(contents, serious_table):
    shares = {row["source"]: row["share"] for row in serious_table.analysis["facets"][0]["variance"]}
    drawn = re.findall(r'class="s-(\w+)" style="flex-grow:([\d.]+)"', contents["index.html"])
    assert {name: float(share) for name, share in drawn} == {n: round(100 * s, 1) for n, s in shares.items() if s >= 0}


def test_a_standing_loss_is_one_card(serious_table):
    facets, found = facets_of(serious_table), cell_marks.diagnoses(serious_table)
    cards = {card["id"]: card for card in cell_marks.cards(serious_table, facets, found)}
    assert {"diverged", "collapsed", "d17"} <= set(cards)
    assert not {"d1"} & set(cards)
    assert cards["d17"]["marks"][0]["parts"] == ["final_hidden", "contrastive-auto"]
    assert "plateau" in cards["d17"]["marks"][0]["evidence"]


def test_healthy_cells_at_the_top_carry_no_mark(serious_table):
    (facet,) = facets_of(serious_table)
    best = facet.pairings[facet.pairings["chosen"] == 1].iloc[0]
    harmless = diagnose.Finding("D12", "position bias", "x", "y", "z")
    assert cell_marks.marked(best, facet, diagnose.Diagnosis("healthy", (harmless,))) == []
    worst = facet.pairings.loc[facet.pairings["mean"].idxmin()]
    assert cell_marks.marked(worst, facet, diagnose.Diagnosis("healthy", (harmless,))) == [harmless]


def test_one_seed_that_depends_on_its_batch_mates_is_marked(serious_table):
    (facet,) = facets_of(serious_table)
    best = facet.pairings[facet.pairings["chosen"] == 1].iloc[0].copy()
    best["batch_deviation"] = 3e-3
    assert [one.code for one in cell_marks.marked(best, facet, diagnose.Diagnosis("healthy", ()))] == ["E2"]


def test_the_diagnostics_table_marks_what_fired(serious_table):
    found = cell_marks.diagnoses(serious_table)
    sheet = evidence_tables.diagnostics(serious_table, found)
    heads = [name.split(" ")[0] for name, _ in sheet["heads"]]
    for row in sheet["rows"]:
        diagnosis = found[row[0].text, row[1].text]
        fired = {head for head, entry in zip(heads, row, strict=True) if entry.marked and head != "label"}
        assert fired == diagnosis.codes & set(heads)
    assert {rule.code for rule in evidence_tables.rules_shown(serious_table, sheet)} == set(heads[3:])


def test_readings_frame_the_way_each_was_trained(serious_table):
    (facet,) = facets_of(serious_table)
    found = evidence_tables.readings(serious_table, facet)
    reads = serious_table.reads.set_index(["representation", "loss", "read"])["test"]
    for row in found["rows"]:
        for name, cell in zip(found["columns"], row["cells"], strict=True):
            assert cell["own"] == (name == row["representation"])
            assert float(cell["value"]) == pytest.approx(reads[row["representation"], row["loss"], name], abs=5e-4)


def test_tuning_shows_what_it_gave(serious_table):
    sheet = evidence_tables.tuning(serious_table)
    first = serious_table.results.iloc[0]
    gain = next(row for row in sheet["rows"] if (row[0].text, row[1].text) == (first["representation"], first["loss"]))
    assert gain[5].key == pytest.approx(first["tuned_value"] - first["untuned_value"])
    assert (
        evidence_tables.tuning(replace(serious_table, results=serious_table.results.assign(tuned_trials=0.0))) is None
    )


def test_worst_pairs_show_texts_or_say_why_not(serious_table):
    (shown,) = evidence_tables.worst(serious_table)
    assert shown["why"] == ""
    bare = replace(serious_table, worst=serious_table.worst.assign(left="", right=""))
    assert "no text" in evidence_tables.worst(bare)[0]["why"]
    facts = {name: {**entry, "shareable": False} for name, entry in bare.meta["datasets"].items()}
    assert "licence" in evidence_tables.worst(_with(bare, datasets=facts))[0]["why"]


def test_what_would_change_the_verdict(serious_table):
    facets, found = facets_of(serious_table), cell_marks.diagnoses(serious_table)
    told = " ".join(one["what"] for one in next_steps.changes(serious_table, facets, found))
    assert "`final_hidden with contrastive-auto`" in told
    assert "one data set" in told
    assert "Nothing was tuned" not in told
    assert "of the spread comes from seeds" in told
    untuned = " ".join(one["what"] for one in next_steps.changes(_with(serious_table, tuned=False), facets, found))
    assert "Nothing was tuned" in untuned


@pytest.mark.parametrize(("scale", "word"), [(0.0, "test pairs"), (40.0, "seeds")])
def test_the_wider_level_of_chance_is_named(serious_table, scale, word):
    rng, results = np.random.default_rng(0), serious_table.results.copy()
    results["test_roc_auc"] += scale * 1e-3 * rng.normal(size=len(results)) if scale else 0.0
    if not scale:
        results["test_roc_auc"] = results.groupby(["representation", "loss"])["test_roc_auc"].transform("mean")
    table = replace(serious_table, results=results)
    told = next_steps.changes(table, facets_of(table), cell_marks.diagnoses(serious_table))
    assert any(one["do"].startswith(f"More {word}") for one in told if "of the spread comes from seeds" in one["what"])


def test_methods_say_what_was_done(serious_table):
    text = " ".join(methods.paragraph(serious_table, facets_of(serious_table)))
    for part in ("tier standard", "10 seeds", "20 trials", "2,000 replicates", "Holm", "bidirectional LSTM 64"):
        assert part in text
    assert methods.commands(serious_table)[0].endswith("--standard")
    assert methods.commands(_with(serious_table, tuned=False))[0].endswith("--standard --no-tune")
    assert methods.commands(_with(serious_table, name="a b"))[1] == "seqtwin report 'runs/a b'"


def test_the_model_card_is_that_of_the_chosen_pairing(contents, serious_table):
    text = contents["best-encoder.md"]
    best = serious_table.pairings[serious_table.pairings["chosen"] == 1].iloc[0]
    assert text.startswith(f"# {best['representation']} with {best['loss']} on placenames")
    loaded = re.search(r'load\("runs/[^/]*/cells/([^"/]*)/encoder"\)', text).group(1)
    rows = serious_table.results.set_index("id")
    assert (
        rows.loc[loaded, "dev_roc_auc"] == rows[rows["representation"] == best["representation"]]["dev_roc_auc"].max()
    )
    for part in ("## Limits", "R10", "untrained encoder", "95 % interval", "--standard"):
        assert part in text


def test_a_floor_above_the_best_pairing_is_said_aloud(serious_table, undrawn):
    assert _answers(serious_table)[0]["floor"] is None
    floors = {"placenames": {"tfidf_char": {"test": {"roc_auc": 0.999}}, "length": {"test": {"roc_auc": None}}}}
    table = _with(serious_table, floors=floors)
    assert _answers(table)[0]["floor"] == {"name": "character TF-IDF", "value": ".999"}
    contents = report_files(table)
    for name in ("index.html", "report.md", "best-encoder.md"):
        assert "A method without a network scores higher" in contents[name]
        assert "character TF-IDF, .999" in contents[name]


def test_a_known_ceiling_stands_beside_the_floors(serious_table, undrawn):
    (facet,) = facets_of(serious_table)
    assert reference_values.ceilings(serious_table, facet) == []
    datasets = {
        name: {**facts, "ceilings": {"any": 1.0, "max_output": 0.91}}
        for name, facts in serious_table.meta["datasets"].items()
    }
    table = _with(serious_table, datasets=datasets)
    assert [tuple(one.values()) for one in reference_values.ceilings(table, facet)] == [
        ("ceiling", "1.000"), ("ceiling of max_output", ".910"),
    ]  # fmt: skip
    assert "Ceiling of max_output <b>.910</b>" in report_files(table)["index.html"]


@pytest.mark.long
def test_the_card_loads_what_its_data_are(serious_table, undrawn):
    def shown(texts):
        datasets = {name: {**facts, "texts": texts} for name, facts in serious_table.meta["datasets"].items()}
        return report_files(_with(serious_table, datasets=datasets))["best-encoder.md"]

    assert 'encode(["one text"' in shown(True)
    assert "[time, channels]" in shown(False)


def test_a_page_of_ten_pairings_stays_light(contents):
    assert len(contents["index.html"].encode()) < 700_000
    assert all(len(text) < 60_000 for name, text in contents.items() if name.endswith(".svg"))


def test_the_markdown_twin_has_the_numbers_of_the_page(contents, serious_table):
    text = contents["report.md"]
    for _, row in serious_table.pairings.iterrows():
        assert f"{row['mean']:.3f}"[1:] in text
    for name in ("Tuning", "Diagnostics", "Worst test pairs", "What would change", "Retrieval", "Methods"):
        assert f"## {name}" in text


def test_the_encoder_is_named_without_what_varies():
    encoder = {"cell": "lstm", "hidden": 64, "layers": 2, "bidirectional": True}
    base = {"config": {"base": {"encoder": encoder}}}
    assert methods.encoder_of({**base, "factors": {}}) == "bidirectional LSTM 64, 2 layers"
    assert methods.encoder_of({**base, "factors": {"encoder.hidden": ["16", "64"]}}) == "bidirectional LSTM, 2 layers"
    assert (
        methods.encoder_of({**base, "factors": {"encoder.bidirectional": ["True"], "encoder.layers": ["1"]}})
        == "LSTM 64"
    )
    assert methods.encoder_of({**base, "factors": {"encoder.cell": ["gru", "lstm"]}}) == ""


@pytest.mark.parametrize(("key", "words"), [("lexical", "n-grams"), ("kernels", "kernels")])
def test_what_is_beside_the_network_is_named(key, words):
    base = {"config": {"base": {"encoder": {"cell": "gru", "hidden": 8, key: {"share": 0.5}}}}}
    for factors in ({}, {f"encoder.{key}.share": ["0.1", "0.5"]}):
        assert methods.encoder_of({**base, "factors": factors}) == f"GRU 8, {words} beside it"
    varied = {**base, "factors": {f"encoder.{key}": ["null", "{}"]}}
    assert (methods.encoder_of(varied), methods.side_channel_of(varied)) == ("GRU 8", "")


def test_readings_say_that_they_leave_out_what_is_beside_the_network(serious_table, contents):
    base = serious_table.meta["config"]["base"]
    beside = {"base": {**base, "encoder": {**base.get("encoder", {}), "lexical": {"dim": 8}}}}
    joined = report_files(_with(serious_table, config=beside))
    words = "without the n-grams beside the network"
    for name in ("index.html", "report.md"):
        assert words in joined[name]
        assert words not in contents[name]
