"""Every probe can be solved by the rule it was made for, and by nothing that is blind to what it asks."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from seqtwin.data.pairs import SPLITS
from seqtwin.data.sets.pair_sets import DATASETS
from seqtwin.data.sets.synthetic import dataset
from seqtwin.data.sets.synthetic.ceilings import CEILINGS
from seqtwin.data.sets.synthetic.dataset import probes
from seqtwin.data.sets.synthetic.generators import PROBES
from seqtwin.errors import ConfigError
from seqtwin.lookup import pick

BINARY = [name for name in PROBES if name != "P7"]
ONE_KEY = ["P1", "P2", "P3", "P4", "P5", "P8", "P9"]


@pytest.fixture(scope="module")
def drawn():
    return {name: probes(probe=name) for name in PROBES}


def words(part, side):
    return [text.split() for text in part[side]]


def keys_at(part, side, place):
    return [own[place(len(own))] for own in words(part, side)]


def test_there_are_ten():
    assert list(PROBES) == [f"P{i}" for i in range(1, 11)]


@pytest.mark.parametrize("name", list(PROBES))
def test_the_oracle_scores_the_ceiling_in_every_split(drawn, name):
    facts = drawn[name].facts
    assert facts["ceiling"] == pytest.approx(1.0, abs=0.005)
    assert list(facts["oracle"]) == list(SPLITS)
    assert list(facts["oracle"].values()) == pytest.approx([facts["ceiling"]] * 3, abs=0.005)
    assert f"is {facts['ceiling']:g}" in drawn[name].notes[0]


@pytest.mark.parametrize("name", list(PROBES))
def test_the_oracle_against_outside_metrics(drawn, name):
    part = drawn[name].part("test")
    said = [PROBES[name].oracle(a, b) for a, b in zip(part["left"], part["right"], strict=True)]
    target = part["target"]
    found = spearmanr(said, target).statistic if name == "P7" else roc_auc_score(target, said)
    assert drawn[name].facts["oracle"]["test"] == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("name", BINARY)
def test_half_of_the_pairs_are_the_same(drawn, name):
    assert [len(drawn[name].part(split)) for split in SPLITS] == [4000, 1000, 2000]
    assert [drawn[name].part(split)["target"].mean() for split in SPLITS] == [0.5] * 3


@pytest.mark.parametrize("name", list(PROBES))
def test_no_text_stands_twice(drawn, name):
    texts = [*drawn[name].frame["left"], *drawn[name].frame["right"]]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", [name for name in PROBES if name != "P8"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_lengths_are_uniform(drawn, name, side):
    lengths = [len(own) for own in words(drawn[name].frame, side)]
    low, high = PROBES[name].lengths
    counts = np.bincount(lengths, minlength=high + 1)
    assert counts[:low].sum() == 0
    assert len(counts) == high + 1
    expected = len(lengths) / (high - low + 1)
    statistic = ((counts[low:] - expected) ** 2 / expected).sum()
    assert statistic < chi2.ppf(0.9999, high - low)


def test_the_two_lengths_are_independent_where_nothing_else_is_said(drawn):
    for name in ("P1", "P2", "P3", "P4", "P5", "P7", "P10"):
        left, right = ([len(own) for own in words(drawn[name].frame, side)] for side in ("left", "right"))
        assert abs(spearmanr(left, right).statistic) < 0.05, name
        assert abs(spearmanr(np.abs(np.subtract(left, right)), drawn[name].frame["target"]).statistic) < 0.05, name


# what each probe asks


@pytest.mark.parametrize(
    ("name", "place"),
    [("P1", lambda n: n - 1), ("P2", lambda n: 0), ("P3", lambda n: n // 2), ("P5", lambda n: 0)],
)
def test_the_key_stands_at_its_place(drawn, name, place):
    frame = drawn[name].frame
    left, right = (keys_at(frame, side, place) for side in ("left", "right"))
    assert all(word.startswith("k") for word in (*left, *right))
    assert [float(a == b) for a, b in zip(left, right, strict=True)] == frame["target"].tolist()


@pytest.mark.parametrize("name", ONE_KEY)
def test_there_is_one_key_and_keys_and_fillers_are_uniform(drawn, name):
    frame = drawn[name].frame
    per_text = [[w for w in own if w.startswith("k")] for side in ("left", "right") for own in words(frame, side)]
    assert {len(found) for found in per_text} == {1}
    everything = Counter(w for side in ("left", "right") for own in words(frame, side) for w in own)
    fillers = np.array([count for word, count in everything.items() if word.startswith("f")])
    keys = np.array([count for word, count in everything.items() if word.startswith("k")])
    assert (len(keys), len(fillers)) == (16, 47)
    for counts in (keys, fillers):
        statistic = ((counts - counts.mean()) ** 2 / counts.mean()).sum()
        # the two keys of a pair are not independent, hence the room
        assert statistic < 2 * chi2.ppf(0.9999, len(counts) - 1)


@pytest.mark.parametrize("name", ["P4", "P9"])
def test_a_key_stands_anywhere(drawn, name):
    places = [[w.startswith("k") for w in own].index(True) / (len(own) - 1) for own in words(drawn[name].frame, "left")]
    assert np.mean(places) == pytest.approx(0.5, abs=0.02)
    assert np.histogram(places, bins=[0, 0.5, 1])[0] == pytest.approx([3500, 3500], abs=350)


def test_p6_sides_are_one_bag_and_order_decides(drawn):
    frame = drawn["P6"].frame
    for left, right, target in zip(words(frame, "left"), words(frame, "right"), frame["target"], strict=True):
        assert Counter(left) == Counter(right)
        orders = [[w for w in own if w.startswith("k")] for own in (left, right)]
        assert sorted(orders[0]) == ["k00", "k01"]
        assert (orders[0] == orders[1]) == bool(target)


def test_p6_cannot_be_learnt_from_bags(drawn):
    assert drawn["P6"].facts["ceilings"] == {"bag": 0.5}
    parts = {split: drawn["P6"].part(split) for split in ("train", "test")}
    known = sorted({w for own in words(drawn["P6"].frame, "left") for w in own})
    bags = {
        split: np.array([[own.count(w) for w in known] for own in words(part, "left")]) for split, part in parts.items()
    }
    model = LogisticRegression().fit(bags["train"], parts["train"]["target"])
    assert roc_auc_score(parts["test"]["target"], model.decision_function(bags["test"])) == pytest.approx(0.5, abs=0.03)


def test_p6_places_are_not_the_same_on_both_sides(drawn):
    places = [
        [[i for i, w in enumerate(own) if w.startswith("k")] for own in words(drawn["P6"].frame, side)]
        for side in ("left", "right")
    ]
    assert np.mean([a == b for a, b in zip(*places, strict=True)]) < 0.05
    fillers = [[[w for w in own if w[0] == "f"] for own in words(drawn["P6"].frame, s)] for s in ("left", "right")]
    assert np.mean([a == b for a, b in zip(*fillers, strict=True)]) < 0.05


def test_p7_targets_are_graded_overlaps_of_one_to_eight_keys(drawn):
    data = drawn["P7"]
    assert data.graded
    counts = Counter()
    for left, right, target in zip(
        words(data.frame, "left"), words(data.frame, "right"), data.frame["target"], strict=True
    ):
        one, other = (Counter(w for w in own if w.startswith("k")) for own in (left, right))
        counts[one.total()] += 1
        shared = sum(min(one[k], other[k]) for k in {*one, *other})
        either = sum(max(one[k], other[k]) for k in {*one, *other})
        assert target == pytest.approx(shared / either)
    assert sorted(counts) == list(range(1, 9))
    assert min(counts.values()) > 0.1 * len(data.frame)
    assert data.frame["target"].std() > 0.2
    assert data.frame["target"].nunique() > 20


def test_p7_a_maximum_that_loses_multiplicity_falls_short(drawn):
    part = drawn["P7"].part("test")
    said = []
    for left, right in zip(words(part, "left"), words(part, "right"), strict=True):
        one, other = ({w for w in own if w.startswith("k")} for own in (left, right))
        said.append(len(one & other) / len(one | other))
    found = spearmanr(said, part["target"]).statistic
    assert drawn["P7"].facts["ceilings"]["max_output"] == pytest.approx(found, abs=1e-6)
    assert 0.85 < found < 0.95


def test_p8_takes_a_length(drawn):
    assert {len(own) for own in words(drawn["P8"].frame, "left")} == {64}
    longer = probes(probe="P8", pairs=40, length=256)
    assert longer.name == "P8-length256-pairs40"
    assert {len(own) for side in ("left", "right") for own in words(longer.frame, side)} == {256}


def test_p9_lengths_tell_the_target_and_its_opposite_at_test(drawn):
    for split, same_when_unequal in (("train", True), ("dev", True), ("test", False)):
        part = drawn["P9"].part(split)
        gap = np.array([len(a) - len(b) for a, b in zip(words(part, "left"), words(part, "right"), strict=True)])
        assert ((gap != 0) == (part["target"] == same_when_unequal)).all()
    assert drawn["P9"].facts["ceilings"] == {"length": 0.0}


def test_p10_parity_decides_and_counts_do_not(drawn):
    part = drawn["P10"].frame
    numbers = np.array([[sum(w[0] == "k" for w in own) for own in words(part, side)] for side in ("left", "right")])
    assert ((numbers.sum(axis=0) % 2 == 0) == (part["target"] == 1)).all()
    assert (numbers.min(), numbers.max()) == (1, 8)
    gap, total = np.abs(numbers[0] - numbers[1]), numbers.sum(axis=0)
    for reading in (gap, total, numbers.max(axis=0)):
        assert roc_auc_score(part["target"], reading) == pytest.approx(0.5, abs=0.03)
    assert drawn["P10"].facts["ceilings"]["bag"] == pytest.approx(0.5, abs=0.03)


def test_every_named_reader_belongs_to_a_probe(drawn):
    assert set(CEILINGS) <= set(PROBES)
    for name, data in drawn.items():
        assert list(data.facts["ceilings"]) == list(CEILINGS.get(name, {}))
        assert all(value < data.facts["ceiling"] for value in data.facts["ceilings"].values())
        assert all(reader in data.notes[0] for reader in data.facts["ceilings"])


# labels, seeds, names, options


@pytest.mark.parametrize("name", list(PROBES))
def test_shuffled_labels_leave_nothing_to_learn(name):
    data = probes(probe=name, labels="shuffled")
    plain = probes(probe=name)
    chance = 0.0 if name == "P7" else 0.5
    assert data.name == f"{name}-shuffled"
    assert data.facts["ceiling"] == chance
    assert "shuffled" in data.notes[0]
    assert list(data.facts["oracle"].values()) == pytest.approx([chance] * 3, abs=0.06)  # 1000 pairs: 3.3 SD
    assert data.frame[["left", "right", "split"]].equals(plain.frame[["left", "right", "split"]])
    for split in SPLITS:
        assert sorted(data.part(split)["target"]) == sorted(plain.part(split)["target"])


def test_true_labels_may_be_written_in_two_ways():
    first, second = (probes(pairs=20, labels=labels) for labels in (True, "true"))
    assert first.fingerprint == second.fingerprint
    assert first.name == second.name == "P1-pairs20"


@pytest.mark.parametrize("name", list(PROBES))
def test_splits_have_streams_of_their_own(name, monkeypatch):
    before = probes(probe=name, pairs=200)
    monkeypatch.setitem(dataset.FEWER, "train", 3)
    after = probes(probe=name, pairs=200)
    assert len(after.part("train")) == 66
    for split in ("dev", "test"):
        assert after.part(split).equals(before.part(split))


def test_every_target_alike_is_an_error(monkeypatch):
    monkeypatch.setattr(dataset, "FEWEST", 1)
    with pytest.raises(ValueError, match="pairs: too few; all targets of dev are equal"):
        probes(probe="P7", pairs=4)


def test_the_seed_decides_and_probes_do_not_share_draws():
    prints = [probes(probe=name, pairs=60, seed=seed).fingerprint for name in PROBES for seed in (0, 1)]
    assert len(set(prints)) == len(prints)
    assert probes(probe="P3", pairs=60).fingerprint == probes(probe="P3", pairs=60).fingerprint
    left = [[len(own) for own in words(probes(probe=name, pairs=60).frame, "left")] for name in ("P1", "P2")]
    assert left[0] != left[1]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "P1"),
        ({"probe": "P5", "longest": 64}, "P5-longest64"),
        ({"probe": "P5", "longest": 16, "shortest": 3}, "P5"),
        ({"probe": "P8", "length": 64}, "P8"),
        ({"probe": "P2", "shortest": 9, "longest": 9}, "P2-length9"),
        ({"probe": "P2", "shortest": 9, "keys": 8, "seed": 3}, "P2-shortest9-seed3-keys8"),
        ({"probe": "P2", "vocabulary": 80}, "P2-vocabulary80"),
    ],
)
def test_the_name_says_what_is_unusual(options, name):
    assert probes(**options).name == name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"probe": "P11"}, "P1, P2, .*P10, got 'P11'.*did you mean 'P1"),
        ({"probe": 3}, "got 3"),
        ({"pairs": 19}, "pairs: expected 20 or more, got 19"),
        ({"pairs": 2.5}, "pairs: expected a positive integer"),
        ({"seed": -1}, "seed: expected a non-negative integer"),
        ({"shortest": 0}, "shortest: expected a positive integer"),
        ({"shortest": 1}, "shortest: expected 2 or more"),
        ({"shortest": 17}, "shortest <= longest <= 4096, got 17, 16"),
        ({"longest": 5000}, "got 6, 5000"),
        ({"length": 8, "longest": 9}, "length: cannot be combined with shortest or longest"),
        ({"probe": "P7", "shortest": 7}, "shortest: expected 8 or more"),
        ({"probe": "P10", "longest": 7}, "longest: expected 8 or more"),
        ({"probe": "P9", "length": 8}, "P9 needs different lengths"),
        ({"keys": 1}, "keys: expected 2 or more"),
        ({"vocabulary": 17}, "vocabulary: expected 18 or more"),
        ({"labels": "random"}, "labels: expected true or shuffled, got 'random'"),
        ({"labels": False}, "labels: expected true or shuffled, got False"),
        ({"probe": "P2", "length": 2, "pairs": 4000}, "no new texts could be drawn"),
        ({"probee": "P2"}, "unknown option 'probee'.*did you mean 'probe'"),
    ],
)
def test_options_that_cannot_be_are_config_errors(options, message):
    with pytest.raises(ConfigError, match=message):
        pick(DATASETS, {"name": "probes", **options}, "dataset")


@given(
    name=st.sampled_from(list(PROBES)),
    pairs=st.integers(20, 80),
    seed=st.integers(0, 2**32),
    low=st.integers(8, 20),
    more=st.integers(1, 12),
    keys=st.integers(2, 20),
    fillers=st.integers(4, 60),
)
def test_any_shape_is_solved_by_its_oracle(name, pairs, seed, low, more, keys, fillers):
    shape = {"shortest": low, "longest": low + more, "keys": keys, "vocabulary": keys + fillers + 1}
    data = probes(probe=name, pairs=pairs, seed=seed, **shape)
    assert [len(data.part(split)) for split in SPLITS] == [pairs, pairs // 4, pairs // 2]
    assert list(data.facts["oracle"].values()) == pytest.approx([1.0] * 3)
    lengths = {len(own) for side in ("left", "right") for own in words(data.frame, side)}
    assert low <= min(lengths) <= max(lengths) <= low + more
    assert {w for side in ("left", "right") for own in words(data.frame, side) for w in own} <= {
        *(f"k{i:02d}" for i in range(keys)),
        *(f"f{i:02d}" for i in range(fillers)),
    }


@pytest.mark.parametrize("name", ["P1", "P2", "P3", "P4", "P5"])
def test_a_sequence_may_be_very_short(name):
    data = probes(probe=name, pairs=20, shortest=2, longest=9, keys=60, vocabulary=200)
    assert list(data.facts["oracle"].values()) == [1.0] * 3
