"""The report page of a study: which facts it shows, and its templates filled with them.

- `template_values`: typed mappings that the templates show.
- `comparison`: a planned comparison and its verdict.
- `cell_marks`: marks of heat-map cells and their causes.
- `headline`: first screen: the answer in one sentence, the chosen pairing, the refusal.
- `main_effect`: the factor that moves the score most, and the factors that hardly matter.
- `certainty`: how sure the answer is, and for whom.
- `reference_values`: methods without a network, and known ceilings.
- `overview_map`: several heat maps as one small table.
- `planned_rows`: planned comparisons as rows of a forest plot.
- `page_budget`: the figures and parts that a heavy page leaves out.
- `planned_verdicts`: planned comparisons and omnibus test, with the claims that are allowed.
- `next_steps`: next steps that would change the verdict.
- `heat_map`: one cell of a heat map.
- `chosen_figures`: figures of a study and their numbers.
- `facet_sections`: sections that repeat for every heat map.
- `joined_maps`: heat maps of one column, joined into one table.
- `sortable_tables`: tables of pairings, seeds, costs, retrieval, failures and formulas.
- `evidence_tables`: tables of diagnostics, tuning, swapped representations and worst test pairs.
- `spent_budget`: what the minutes of a quick study were spent on.
- `confusion_tables`: confusion matrices.
- `methods`: methods paragraphs and commands.
- `best_encoder_card`: model card of the chosen pairing.
- `write_report`: all files of a report.
- `run_figures`: figures of a single run.
"""
