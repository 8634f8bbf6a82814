"""The findings of a report: why a study cell is bad, and which claims the data do not support.

- `base_rule`: the record of a diagnostic rule, and conditions of several comparisons.
- `rules`: the diagnostic rules.
- `item_rules`: the same rules for objectives that judge single items.
- `curve_values`: how the curve on dev ends, for each study cell.
- `diagnose`: the diagnosis of a study cell or a pairing.
- `refusals`: the rules that withhold a claim.
"""
