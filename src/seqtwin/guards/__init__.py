"""Guards against slips and damage that every part of the package can use.

- `largest`: the largest numbers that a config may contain.
- `memory`: how much memory a training takes, before anything is built.
- `replaced`: outputs that exist already, and whether they are moved away.
- `handed_over`: folders that another process publishes.
- `seals`: the hash of a JSON file inside of it, and the entries of a manifest.
- `shapes`: the types that the readers of a JSON file rely on.
- `spreadsheets`: CSV files that are safe to open.
- `typed_command`: the command that was typed, for what it leaves when it is interrupted.
- `launched`: the processes that torchrun has started.
- `begun`: traces of a study before its first published file.
- `html_cards`: escaped HTML for notebooks.
"""
