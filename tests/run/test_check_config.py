"""What does not fit together is refused when a config is read, with its reason."""

from typing import Any

import pytest

from headed import WITH_HEAD
from seqtwin.config import parse_run
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.check_config import check_run
from seqtwin.run.objectives.registry import OBJECTIVES, objective_of


def config(objective: Any, **sections: Any) -> Any:
    encoder = {"embedding": 4, "hidden": 4}
    return parse_run({"data": {"name": "digits"}, "objective": objective, "encoder": encoder, **sections})


NEEDS: dict[str, dict[str, str]] = {"distil": {"teacher": "folder"}}  # options without a default


@pytest.mark.parametrize("objective", list(OBJECTIVES))
def test_every_objective_can_be_built(objective: str) -> None:
    check_run(config({"name": objective, **NEEDS.get(objective, {})}))
    assert objective_of(config(objective)) is OBJECTIVES[objective]


@pytest.mark.parametrize("objective", sorted(set(OBJECTIVES) - set(NEEDS)))
def test_an_objective_can_be_named_alone(objective: str) -> None:
    check_run(config(objective))


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"objective": "distil"}, "teacher: expected the path of a folder or file"),
        ({"objective": {"name": "distil", "teacher": 3}}, "teacher: expected the path of a folder or file, got 3"),
        ({"objective": {"name": "distil", "teacher": "a", "techer": "b"}}, "unknown option 'techer'.*'teacher'"),
        ({"similarity": "dot"}, "objective distil trains cosines, but the similarity is dot"),
        ({"loss": "mse"}, "objective distil is trained with distillation, but mse compares pairs"),
        ({"loss": {"name": "distillation", "vectors": -1}}, "vectors: expected a weight of 0 or more"),
    ],
)
def test_what_does_not_fit_a_teacher_is_refused(sections: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_run(config(**{"objective": {"name": "distil", "teacher": "a"}, **sections}))


def test_an_unknown_objective_names_the_nearest() -> None:
    for name, hint in {
        "clasify": "classify",
        "decoder": "decode",
        "pair": "pairs",
        "label_step": "label_steps",
    }.items():
        with pytest.raises(ConfigError, match=f"unknown objective '{name}'.*did you mean '{hint}'"):
            check_run(config(name))
    with pytest.raises(ConfigError, match="unknown objective 'clasify'"):
        objective_of(config("clasify"))


@pytest.mark.parametrize("objective", list(WITH_HEAD))
def test_a_loss_of_pairs_does_not_train_a_head(objective: str) -> None:
    with pytest.raises(ConfigError, match="compares pairs") as caught:
        check_run(config(objective, loss="mse"))
    assert (caught.value.code, caught.value.place) == ("OBJECTIVE_LOSS", "loss")
    check_run(config(objective, loss={"name": "cross_entropy", "smoothing": 0.1}))


def test_a_loss_of_heads_does_not_train_pairs() -> None:
    with pytest.raises(ConfigError, match="unknown loss 'cross_entropy'"):
        check_run(config("pairs", loss="cross_entropy"))


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ({"name": "pairs", "layers": 2}, "unknown option 'layers' of objective 'pairs'"),
        ({"name": "classify", "layerz": 2}, "unknown option 'layerz' of objective 'classify'.*did you mean 'layers'"),
        ({"name": "classify", "layers": 0}, "layers"),
        ({"name": "classify", "dropout": 1.0}, "dropout: expected a number from 0 to below 1"),
        ({"name": "label_steps", "reads": "output"}, "unknown step read 'output'.*did you mean 'outputs'"),
        ({"name": "decode", "layerz": 2}, "unknown option 'layerz' of objective 'decode'"),
    ],
)
def test_options_of_an_objective_are_checked(objective: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_run(config(objective))


@pytest.mark.parametrize("objective", ["pairs", "classify"])
def test_vectors_need_words_and_a_file(objective: str) -> None:
    encoder = {"embedding": 4, "hidden": 4, "vectors": "nowhere.txt"}
    with pytest.raises(ConfigError, match="series have no words"):
        check_run(config(objective, encoder=encoder))
    data: dict[str, Any] = {"file": "a.csv"}
    with pytest.raises(ConfigError, match=r"tokens\.unit is not word"):
        check_run(config(objective, encoder=encoder, data=data))
    with pytest.raises(DataError, match=r"nowhere\.txt"):
        check_run(config(objective, encoder=encoder, data=data, tokens={"unit": "word"}))


# options of the training


@pytest.mark.parametrize(
    ("fit", "code", "words"),
    [
        ({"average": "mean", "epochs": 30}, "AVERAGE_PATIENCE", "needs all 30 epochs, but fit.patience is 5"),
        ({"average": "emma"}, "CONFIG_UNKNOWN_NAME", "unknown average 'emma'.*did you mean 'ema'"),
        ({"average": {"name": "ema", "decay": 2}}, "CONFIG_BAD_PART", "decay: expected a number between 0 and 1"),
        ({"rates": {"lexical": 0.5}}, "RATES_IDLE", "no weights to train in its lexical; parts with some: embedding"),
        ({"rates": {"head": 0.5}}, "RATES_IDLE", "no weights to train in its head"),
        ({"rates": {"loss": 0.5}}, "RATES_IDLE", "no weights to train in its loss"),
    ],
)
def test_options_of_the_training_are_checked(fit: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        check_run(config("pairs", fit=fit))
    assert caught.value.code == code


@pytest.mark.parametrize("objective", sorted(OBJECTIVES))
def test_rates_and_averages_are_for_every_objective_and_balance_for_pairs(objective: str) -> None:
    spec = {"name": objective, **NEEDS.get(objective, {})}
    rates = {"embedding": 0.1, **({} if objective == "pairs" else {"head": 2})}
    check_run(config(spec, fit={"rates": rates, "average": "mean", "patience": None}))
    if objective == "pairs":
        check_run(config(spec, fit={"balance": 0.5}))
        return
    with pytest.raises(ConfigError, match=f"balance needs pairs with labels 0 and 1, but objective {objective}"):
        check_run(config(spec, fit={"balance": 0.5}))


def test_a_sum_of_losses_is_built_to_check_it() -> None:
    check_run(config("pairs", loss={"sum": ["mse", "in_batch"]}))
    with pytest.raises(ConfigError, match="unknown loss 'in_bach'"):
        check_run(config("pairs", loss={"sum": ["mse", "in_bach"]}))
    with pytest.raises(ConfigError, match="trained with cross_entropy, but sum compares pairs"):
        check_run(config("classify", loss={"sum": ["mse", "in_batch"]}))
