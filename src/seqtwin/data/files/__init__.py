"""Data files: from a path to a table of columns.

- `read_text`: files opened and decoded to text.
- `number_formats`: numbers and missing values as written in files.
- `rows`: the input and output types of all format readers.
- `quoting`: the meaning of quotes in a tab-separated file.
- `headers`: missing headers and wrong separators.
- `delimited`: the reader of .csv and .tsv.
- `jsonl`: the reader of .jsonl.
- `json_tables`: the reader of .json.
- `ts`: the reader of .ts (time series).
- `conllu`: the reader of .conllu (tagged words).
- `parquet`: Parquet files in batches of rows.
- `formats`: the table of formats by file name ending.
- `tables`: whole files as tables of columns.
- `columns`: checked values of one column.
- `memory_frames`: frames in memory as rows.
- `kept_frames`: frames in memory, kept as files.
"""
