"""Baselines that a trained encoder should beat, measured on the same rows.

- `time_warping`: dynamic time warping of many pairs of series at once.
- `pairs`: the baselines of the objective `pairs`.
- `examples`: the baselines of the objectives with a head.
- `swapped_labels`: a warning if same pairs share fewer letters than different ones.
- `measure`: the baselines of any prepared data, on samples of large splits.
"""
