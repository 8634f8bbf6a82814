"""Gaps of series: reported with their lines, or filled as pandas fills them; what cannot be filled is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.config import parse_run
from seqtwin.data.reading.classes import read_series_classes
from seqtwin.data.reading.series import read_series_file
from seqtwin.data.reading.series_gaps import filled
from seqtwin.data.reading.step_labels import read_series_steps
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.objectives.load_pairs import load_data

HEAD = "series_id,t,ch0,label\n"


@pytest.fixture
def write(tmp_path):
    def write(rows, head=HEAD, name="a.csv"):
        text = rows if isinstance(rows, str) else "".join(f"s,{t},{value},a\n" for t, value in rows)
        (tmp_path / name).write_text(head + text)
        return tmp_path / name

    return write


SIX = [(t, t) for t in range(6)]


def series(path, gaps):
    return read_series_file(path, gaps=gaps).series[0][:, 0].tolist()


@pytest.mark.parametrize("blank", ["", "nan", "NaN", "NA", "?", " ", "null"])
def test_a_missing_value_is_reported_or_filled(blank, write):
    path = write([(0, 1), (1, blank), (2, 5), (3, blank)])
    with pytest.raises(
        DataError, match=r"(?s)line 3: column 'ch0': the value at time 1 is missing.*line 5.*data\.gaps"
    ):
        read_series_file(path)
    assert series(path, "carry") == [1, 1, 5, 5]
    with pytest.raises(DataError, match=r"line 5: column 'ch0'.*interpolate cannot fill"):
        series(path, "interpolate")
    assert series(write([(0, 1), (1, blank), (2, 5)]), "interpolate") == [1, 3, 5]


@pytest.mark.parametrize("gaps", ["error", "interpolate", "carry"])
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(0, 1), (1, "inf")], "line 3.*finite number.*'inf'"),
        ([(0, 1), (1, "-Infinity")], "line 3.*finite number"),
        ([(0, 1), (1, "x")], "line 3.*finite number.*'x'"),
        ([(0, 1), (0, 2)], "line 3.*time must increase.*0 occurs twice"),
        ([(1, 1), (0, 2)], "line 3.*time must increase.*0 follows 1"),
        ([(0, ""), (1, 2)], "line 2.*missing"),
        ([("", 1), (1, 2)], "line 2.*'t'"),
        ([(0, "1,5"), (1, 2)], "line 2: expected 4 fields"),
    ],
)
def test_what_no_policy_fills_is_refused(rows, words, gaps, write):
    with pytest.raises(DataError, match=words):
        read_series_file(write(rows), gaps=gaps)


@pytest.mark.parametrize("size", [1, 0.1, 60, 0.04])
def test_a_missing_step_is_reported_or_filled(size, write):
    rows = [(round(t * size, 6), t) for t in range(12) if t not in (4, 5)]
    path = write(rows)
    with pytest.raises(DataError, match="line 6: column 't': 2 steps are missing"):
        read_series_file(path)
    assert series(path, "interpolate") == pytest.approx(range(12), abs=1e-5)
    assert series(path, "carry") == [0, 1, 2, 3, 3, 3, 6, 7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    "times",
    [
        [0, 1, 3, 7, 8, 20],  # events
        [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 15],  # weekdays
        [0, 1.02, 1.9, 3.1, 3.9, 5.2],  # a clock that jitters
        [0, 1, 2, 3, 4, 5, 6.5],  # no whole number of steps
        [5],
    ],
)
def test_uneven_time_is_not_called_missing(times, write):
    for gaps in ("error", "interpolate", "carry"):
        assert len(series(write([(t, 1) for t in times]), gaps)) == len(times)


def test_uneven_time_is_noted(write):
    path = write("".join(f"s{n},{t},1,{'ab'[n % 2]}\n" for n in range(30) for t in (0, 1, 5)))
    assert any("differ (between 1 and 4)" in note for note in read_series_classes(path).notes)
    found = read_series_classes(write("".join(f"s{n},{t},{n},{'ab'[n % 2]}\n" for n in range(30) for t in (0, 1, 2))))
    assert not any("differ" in note for note in found.notes)


def test_an_endless_gap_is_not_filled(write):
    path = write([*SIX, (1_000_000, 1)])
    with pytest.raises(DataError, match=r"line 8.*999994 steps are missing, but at most 10000"):
        series(path, "carry")


def test_a_label_is_never_made_up(write):
    path = write([*SIX, (8, 1)])
    for gaps in ("interpolate", "carry"):
        with pytest.raises(DataError, match="labels cannot be filled"):
            read_series_steps({"train": path}, gaps=gaps)
    blank = read_series_steps({"train": write([*SIX[:3], (3, ""), (4, 4)])}, gaps="interpolate")
    assert blank.items[0][:, 0].tolist() == [0, 1, 2, 3, 4]


TS = "% made up\n@dimensions 2\n# more\n% last\n@classLabel true a b\n@data\n"


@pytest.mark.parametrize("word", ["?", "NaN", "nan", ""])
def test_missing_values_of_a_ts_file(word, write):
    path = write(f"1,{word},3:4,5,6:a\n", TS, "a.ts")
    with pytest.raises(DataError, match="line 7: column 'ch0': the value at time 1 is missing"):
        read_series_file(path)
    assert series(path, "interpolate") == [1, 2, 3]
    assert series(path, "carry") == [1, 1, 3]


@pytest.mark.parametrize(
    ("head", "line", "label"),
    [
        ('true "Standing still" walking', "1:Standing still", "Standing still"),
        ('true "Standing still" walking', '1:"Standing still"', "Standing still"),
        ('true "Standing still" walking', "1:walking", "walking"),
        ("true Standing_still walking", "1:Standing_still", "Standing_still"),
        ('true "a b" "a c"', "1: a c ", "a c"),
    ],
)
def test_class_names_with_blanks(head, line, label, write):
    path = write(f"{line}\n", f"@classLabel {head}\n@data\n", "a.ts")
    assert read_series_file(path).labels == [label]


@pytest.mark.parametrize(
    ("head", "line", "words"),
    [
        ("true Standing still walking", "1:Standing still", 'contains a blank: write it in quotes.*"Standing still"'),
        ('true "Standing still"', "1:Standing", "'Standing' is not among"),
        ('true "a b" c', "1:a c", "is not among|contains a blank"),
        ("true a b", "1:", "is not among"),
        ('true "a b', "1:a b", "contains a blank|not among"),
    ],
)
def test_other_class_names_are_refused_with_the_line(head, line, words, write):
    with pytest.raises(DataError, match=f"line 3: class .*({words})"):
        read_series_file(write(f"{line}\n", f"@classLabel {head}\n@data\n", "a.ts"), channels=1)


def test_bad_lines_come_before_the_number_of_channels(write):
    with pytest.raises(DataError, match=r"(?s)2 problems.*line 7: .*'x'.*line 8: class 'c'"):
        read_series_file(write("1,x:2,3:a\n1:2:c\n", TS, "a.ts"), channels=2)


def test_the_config_passes_its_policy_on(write):
    path = write("".join(f"s{n},{t},{t or n},{'ab'[n % 2]}\n" for n in range(40) for t in (0, 1, 2, 3, 4, 5, 6, 8)))
    data = {"file": str(path), "series": "series_id", "label": "label", "gaps": "carry", "pairs": 40}
    assert {len(one) for one in load_data(parse_run({"data": data})).series} == {9}
    with pytest.raises(DataError, match="1 step is missing"):
        load_data(parse_run({"data": {**data, "gaps": "error"}}))
    with pytest.raises(ConfigError, match="gaps"):
        parse_run({"data": {**data, "gaps": "zero"}})
    with pytest.raises(ConfigError, match=r"has no data\.series"):
        load_data(parse_run({"data": {"file": str(path), "label": "label", "gaps": "carry"}}))


@given(st.lists(st.one_of(st.none(), st.floats(-100, 100)), min_size=1, max_size=12))
def test_filled_as_pandas_fills(values):
    column = np.array([np.nan if value is None else value for value in values])
    for how, oracle in (
        ("carry", pd.Series(column).ffill()),
        ("interpolate", pd.Series(column).interpolate(limit_area="inside")),
    ):
        found = filled(np.arange(len(column), dtype=float), column[:, None], [0] * len(column), how)
        np.testing.assert_allclose(found.values[:, 0], oracle.to_numpy(), atol=1e-9)
        assert [step for step, _ in found.open] == np.flatnonzero(oracle.isna()).tolist()
