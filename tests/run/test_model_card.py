"""The model card: what stands in it."""

import json
from pathlib import Path
from typing import Any

import tiny
from seqtwin.config import RunConfig
from seqtwin.run.model_card import head_card, model_card, rounding_section
from seqtwin.run.train import train


def facts(**changes: Any) -> Any:
    usual = {
        "representation": "mean_output",
        "loss": {"name": "mse", "formula": "(s - y)^2"},
        "dataset": "names",
        "dim": 8,
        "similarity": "cosine",
        "parameters": 12345,
        "pairs": {"train": 1000, "dev": 100, "test": 200},
        "best_epoch": 2,
        "tokens": {"unit": "char", "max_length": 64},
        "unknown_share": 0.0123,
        "data_hash": "a" * 64,
        "split_hash": "b" * 64,
    }
    return {**usual, **changes}


def scores(**changes: Any) -> Any:
    return {"primary": "roc_auc", "threshold": 0.5, "test": {"roc_auc": 0.75, "f1": 0.5}, **changes}


def test_the_card_says_what_it_is_for_how_to_load_it_and_its_limits() -> None:
    text = model_card(facts(), scores(), (0.7, 0.8))
    for part in (
        "## How to load",
        "## What it is for",
        "## Limits",
        'seqtwin.load("encoder")',
        "| roc_auc | 0.7500 | 0.7000 to 0.8000 |",
        "| f1 | 0.5000 |  |",
        "12,345 parameters",
        "1.23% of the tokens",
        "the first 64 tokens",
        "their score is at least 0.5 ",
        "resamples the test pairs",
    ):
        assert part in text


def test_the_card_has_what_unknown_tokens_and_empty_texts_give() -> None:
    text = " ".join(model_card(facts() | {"tokens": {"max_length": 64, "empty": "error"}}, scores()).split())
    assert "A token that does not occur in train becomes one unknown token: 1.23% of the tokens in test." in text
    assert "A text without a token cannot be encoded." in text
    tokens = {"max_length": 64, "empty": "drop", "known_words": 4321}
    text = " ".join(model_card(facts(tokens=tokens), scores()).split())
    assert "4,321 words that do not occur in train have word vectors that were not trained with it." in text
    assert "Any other token that does not occur there becomes one unknown token" in text
    assert "A text without a token is encoded as one unknown token." in text


def test_the_card_says_on_how_few_pairs_its_metrics_rest() -> None:
    few = {"dev": {"same": 50, "different": 50}, "test": {"same": 4, "different": 96}}
    assert "\n\nThe metrics rest on very few pairs: 4 same pairs in test.\n\n" in model_card(
        facts(counts=few), scores()
    )
    enough = {split: {"same": 50, "different": 50} for split in few}
    assert "very few" not in model_card(facts(counts=enough), scores()) + model_card(facts(), scores())


def test_the_card_of_a_head_names_classes_with_few_test_examples() -> None:
    of_head = facts(objective="classify", classes=["yes", "no"], counts={"test": {"yes": 3, "no": 90}})
    of_classes = scores(primary="accuracy", test={"accuracy": 0.9, "log_loss": 0.25}, threshold=None)
    expected = "The metrics of 1 of 2 classes rest on fewer than ten test examples: yes (3)."
    text = head_card(of_head, of_classes, None, output="predicts its class", answer="label")
    assert expected in text
    assert "| log_loss (lower is better) | 0.2500 |  |" in text


def test_a_metric_where_lower_is_better_is_marked() -> None:
    text = model_card(facts(), scores(test={"mse": 0.125, "f1": 0.5}))
    assert "| mse (lower is better) | 0.1250 |  |" in text
    assert "| f1 | 0.5000 |  |" in text


def test_what_is_not_known_is_said() -> None:
    text = model_card(facts(), scores(threshold=None))
    assert "No interval of roc_auc" in text
    assert "no threshold" in text
    assert "| roc_auc | 0.7500 |  |" in text


def test_an_encoder_of_series_speaks_of_series() -> None:
    text = model_card(facts(tokens=None, unknown_share=None), scores())
    assert "channels" in text
    assert "token" not in text


def test_a_trained_encoder_has_its_interval_in_its_card(tmp_path: Path) -> None:
    config = RunConfig.model_validate(tiny.raw_run(tiny.write_pairs(tmp_path / "data"), fit={"epochs": 1}))
    run = train(config, tmp_path / "run")
    text = (run.path / "encoder/README.md").read_text()
    primary = run.scores["primary"]
    value = run.scores["test"][primary]
    row = next(line for line in text.splitlines() if line.startswith(f"| {primary} |"))
    assert f"{value:.4f}" in row
    if "No interval" not in text:
        low, high = (float(end) for end in row.split("|")[3].split(" to "))
        assert low <= value <= high
    assert json.loads((run.path / "encoder/encoder.json").read_text())["readme_sha256"]


def test_the_card_says_how_far_bfloat16_moves_a_coordinate() -> None:
    assert "by up to\n0.006 in a sample" in rounding_section(0.00612)
    assert not rounding_section(None)
