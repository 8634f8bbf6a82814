"""Guards against slips and damage that every part of the package can use.

- `largest`: the largest numbers that a config may contain.
- `seals`: the hash of a JSON file inside of it, and the entries of a manifest.
- `spreadsheets`: CSV files that are safe to open.
- `html_cards`: escaped HTML for notebooks.
"""
