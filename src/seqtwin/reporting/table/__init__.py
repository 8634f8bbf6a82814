"""The table of a study: published study cells, or the results an experiment commits, as tidy frames.

- `read_cells`: published study cells from disk, checked against their manifests.
- `planned_cells`: the study cells in the order of the plan, grouped by pairing.
- `results`: the results frame, one row per study cell.
- `trials`: tuning trials.
- `bootstrap`: scores of study cells on the same test rows, and their one bootstrap.
- `slices`: the primary metric on parts of the test rows.
- `lengths`: the primary metric by length.
- `pairings`: the pairings frame, one row per pairing.
- `curves`: learning curves.
- `histograms`: histograms of test scores.
- `representation_matrix`: trained encoders with every representation.
- `worst`: the test pairs with the worst scores.
- `confusion`: confused classes.
- `meta`: the facts of the whole study.
- `collect`: all frames, the meta and the analysis of a study folder.
- `csv_text`: frames as CSV text and back.
- `frame_rows`: rows of frames by their labels.
- `study_table`: the StudyTable, from study cells or from committed results.
- `facet`: the pairings of one heat map.
"""
