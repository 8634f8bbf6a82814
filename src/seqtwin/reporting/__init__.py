"""Reports: published study cells in, tables, statistics, findings, figures and pages out. No torch, no model.

- `formatting`: the names and numbers that a report prints.
- `objective_words`: the words in which a report describes each objective.
- `colours`: the colours of tables and figures.
- `statistics`: arrays in, intervals and tests out.
- `analysis`: all statistics of a study.
- `table`: a study as tidy frames.
- `findings`: why a study cell is bad, and which claims the data do not support.
- `figures`: the figures as SVG.
- `page`: the report page, its Markdown and its model card.
"""
