"""Parts of every command: help in groups, arguments that are checked first, --force, and a sign of life.

- `groups`: the headings of the help, and a list of commands under them.
- `input_paths`: files and folders that do not exist, and exchanged arguments, before anything heavy is imported.
- `typed_paths`: `~` in paths, empty paths, and names that no output can have.
- `force`: outputs that are moved aside instead of refused.
- `output_groups`: several files of one command, after an interruption between them.
- `unlabelled_data`: pairs for `init`, made from data without labels.
- `starter`: the config that a data file gets.
- `one_voice`: what processes of torchrun print.
- `waiting`: a line on the terminal while a command has not printed anything yet.
"""
