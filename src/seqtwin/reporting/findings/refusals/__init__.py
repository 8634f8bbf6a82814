"""The refusals of a report: claims that the data do not support.

- `claim`: a claim, and the facts about its pairings.
- `refusal`: the records of a refusal and of its rule.
- `seeds`: refusals that check the study cells of a claim.
- `differences`: refusals that check the statistics of a claim.
- `rising`: the refusal of comparisons with pairings that were still rising.
- `no_contrast`: refusals of studies in which nothing can be compared: ties, ceilings, tiny test splits.
- `whole_study`: refusals that check a study as a whole.
- `supported`: tie letters and means of a study as far as refusals allow them.
- `check_claims`: all rules, and the functions that check a claim against them.
"""
