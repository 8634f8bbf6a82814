"""The numeric edges N1-N15, each by its number. The checks of a user's own part are in `conformance/`."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import tiny
from seqtwin import cli
from seqtwin.conformance.check_losses import LOSS_CHECKS
from seqtwin.conformance.check_representations import REPRESENTATION_CHECKS
from seqtwin.conformance.drawn_pairs import Case as LossCase
from seqtwin.conformance.drawn_states import Case as RepresentationCase
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.errors import DataError
from seqtwin.inference.trained_encoder import load
from seqtwin.lookup import pick
from seqtwin.metrics import METRICS
from seqtwin.metrics.base import Undefined
from seqtwin.model.distances import cosine, euclidean
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.records import Sequences
from seqtwin.store import load_encoder, save_encoder
from seqtwin.training.encode_store import encode_items, warn_of_zeros
from seqtwin.training.fit import Diverged, RunState, fit
from seqtwin.training.losses import LOSSES

OPTIONS: dict[str, dict[str, Any]] = {
    "join": {"parts": ["mean_output", "attention_output"]},
    "sum": {"parts": ["mse", "in_batch"]},
    "pml": {"loss": "ContrastiveLoss"},
}


def every_representation(check: str) -> None:
    for name in REPRESENTATIONS:
        spec = {"name": name, **OPTIONS.get(name, {})}
        REPRESENTATION_CHECKS[check].run(
            RepresentationCase(lambda shape, spec=spec: pick(REPRESENTATIONS, spec, "", shape))  # type: ignore[misc, arg-type]
        )


def every_loss(check: str) -> None:
    for name in LOSSES:
        spec = {"name": name, **OPTIONS.get(name, {})}
        LOSS_CHECKS[check].run(LossCase(lambda *given, spec=spec: pick(LOSSES, spec, "", *given)))  # type: ignore[misc]


def trained(rows: int, loss: Any = "mse", *, target: float | None = None, **changes: Any) -> tuple[RunState, Any]:
    """The state after training on so many pairs, all with this target if it is given; and the loss."""
    model, store = tiny.siamese(), tiny.store(rows)
    if target is not None:
        store = replace(store, target=np.full(rows, target))
    built = tiny.loss_of(model, loss)
    return fit(model, built, store, tiny.recipe(**changes), lambda _: None), built


def zeroed(folder: Path) -> Path:
    """A saved encoder whose vectors are all zeros."""
    saved = load_encoder(tiny.saved_encoder(folder / "whole"))
    with torch.no_grad():
        for weights in saved.model.projection.parameters():
            weights.zero_()
    (folder / "zero").mkdir()
    save_encoder(folder / "zero", saved, "# card\n")
    return folder / "zero"


def test_n13_vectors_of_zeros_are_counted_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = zeroed(tmp_path)
    texts = tmp_path / "texts.txt"
    texts.write_text("abc\nbcd\n", encoding="utf-8")
    for command, note in {
        ("encode", "vectors.npy"): "2 of 2 rows have a zero vector: its cosine is undefined",
        ("index", "index"): "note: 2 vectors have only zeros: their cosine with every other one counts as 0",
    }.items():
        said = CliRunner().invoke(cli.app, [command[0], str(folder), str(texts), "-o", str(tmp_path / command[1])])
        assert said.exit_code == 0, said.output
        assert note in said.stderr
    encoder = load(folder)
    assert encoder.score(["abc"], ["bcd"]).tolist() == [0.0]
    model, items = load_encoder(folder).model, tiny.store(4).items
    warn_of_zeros(model, encode_items(model, items))
    assert f"on test, {len(items)} vectors have only zeros" in caplog.text
    caplog.clear()
    warn_of_zeros(tiny.siamese(), encode_items(tiny.siamese(), items))
    assert caplog.text == ""


def test_n1_a_sequence_without_steps_cannot_exist_and_the_policy_decides(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lengths: expected 1 to 3"):
        Sequences(torch.zeros(2, 3, dtype=torch.long), torch.tensor([3, 0]))
    with pytest.raises(DataError, match="has no token"):
        train_tokenizer(["a b"], unit="word").encode([""])
    assert train_tokenizer(["a b"], unit="word", empty="unk").encode(["", "z"])[0].tolist() == [1]
    # under `unk` a blank text is an unknown token: two of them are as similar as a text is to itself
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", empty="unk"))
    assert float(encoder.score("", " ")[0]) == pytest.approx(1.0, abs=1e-6)
    every_representation("one_step")


@pytest.mark.parametrize("rows", [1, 33])
def test_n2_a_batch_of_one_and_a_last_batch_of_one(rows: int) -> None:
    state, _ = trained(rows, batch=16)
    assert all(math.isfinite(value) for value in state.losses)
    every_representation("one_row")
    every_loss("one_pair")


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("loss", ["mse", "bce", "cosent", "in_batch"])
def test_n3_one_class_alone_trains_to_finite_weights_and_silent_batches_are_counted(loss: str, target: float) -> None:
    state, built = trained(32, loss, target=target)
    assert all(math.isfinite(value) for value in state.losses)
    silent = loss == "cosent" or (loss == "in_batch" and target == 0)
    assert built.silent_batches == (len(state.losses) if silent else 0)
    every_loss("one_class")


def test_n4_a_planted_overflow_is_divergence_with_its_rows_and_finite_weights() -> None:
    model = tiny.siamese(similarity="dot")
    loss = tiny.loss_of(model)
    calls = 0

    def planted(compared: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        return type(loss).forward(loss, compared, target) * (math.inf if calls == 4 else 1)

    loss.forward = planted  # type: ignore[method-assign]
    with pytest.raises(Diverged) as caught:
        fit(model, loss, tiny.store(32), tiny.recipe(), lambda _: None)
    assert (caught.value.code, caught.value.remedy) == ("DIVERGED", "lower fit.lr, or set fit.clip")
    assert len(caught.value.rows) == 16
    assert all(value.isfinite().all() for value in model.state_dict().values())


def test_n5_an_identical_pair_has_a_finite_gradient() -> None:
    a = torch.ones(2, 3, requires_grad=True)
    euclidean(a, a.detach().clone()).sum().backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None
    assert a.grad.isfinite().all()
    every_representation("identical")
    every_loss("identical")


@pytest.mark.parametrize(
    ("scores", "target"), [(np.full(6, 0.3), np.array([1.0, 0, 1, 0, 1, 0])), (np.linspace(0, 1, 6), np.ones(6))]
)
def test_n6_constant_scores_or_labels_make_correlations_undefined(scores: Any, target: Any) -> None:
    for name in ("pearson", "spearman"):
        with pytest.raises(Undefined, match="are equal"):
            METRICS[name].function(scores, target)
    every_loss("constant")


def test_n7_ties_two_pairs_and_one_pair() -> None:
    spearman = METRICS["spearman"].function
    assert spearman(np.array([0.1, 0.1, 0.9, 0.9]), np.array([0.0, 0.0, 1.0, 1.0])) == pytest.approx(1.0)
    for pairs in (1, 2):
        with pytest.raises(Undefined, match="at least 3 pairs"):
            spearman(np.arange(pairs), np.arange(pairs))


def test_n8_a_vocabulary_that_is_huge_empty_or_useless() -> None:
    with pytest.raises(ValueError, match="size: expected 3 to 5000000"):
        train_tokenizer(["a"], unit="word", size=5_000_001)
    nothing = train_tokenizer(["", " "], unit="word", empty="unk")
    assert nothing.size == 2
    assert [ids.tolist() for ids in nothing.encode(["a b", ""])] == [[1, 1], [1]]


def test_n9_one_step_and_mostly_pads() -> None:
    every_representation("mostly_pads")
    tokens = train_tokenizer(["a b c d"], unit="word", max_length=3)
    assert [len(ids) for ids in tokens.encode(["a b c", "a b c d"])] == [3, 3]


def test_n10_bfloat16_is_finite_and_metrics_are_in_float64() -> None:
    every_representation("half")
    every_loss("half")
    scores = np.array([1.0, 1.0 + 2**-20, 1.0 + 2**-19, 2.0], dtype=np.float32)
    spearman = METRICS["spearman"].function(scores, np.arange(4.0))
    assert isinstance(spearman, float)
    assert spearman == pytest.approx(1.0)


def test_n11_the_id_of_the_pad_inside_a_text_is_a_token() -> None:
    model = tiny.siamese("mean_output").eval()
    with torch.no_grad():
        ends_in_it = model.encode(Sequences(torch.tensor([[3, 0]]), torch.tensor([2])))
        before = model.encode(Sequences(torch.tensor([[3, 0]]), torch.tensor([1])))
    assert not torch.allclose(ends_in_it, before, atol=1e-3)
    every_representation("zero_step")


@pytest.mark.parametrize("check", ["order", "padding", "batch_mates"])
def test_n12_vectors_do_not_depend_on_order_pads_or_batch(check: str) -> None:
    every_representation(check)


def test_n13_the_cosine_of_a_zero_vector_is_0_with_a_finite_gradient() -> None:
    zero, one = torch.zeros(1, 3, requires_grad=True), torch.ones(1, 3)
    score = cosine(zero, one)
    score.sum().backward()  # type: ignore[no-untyped-call]
    assert score.item() == 0
    assert zero.grad is not None
    assert zero.grad.isfinite().all()
    every_representation("zero_states")


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_n14_results_are_equal_for_the_same_number_of_threads(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        first, second = (trained(32)[0] for _ in range(2))
    finally:
        torch.set_num_threads(before)
    assert first.losses == second.losses
    weights = [state.model.state_dict() for state in (first, second)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_n15_denormals_and_values_of_1e30_are_finite() -> None:
    every_representation("denormals")
    every_loss("extreme")
