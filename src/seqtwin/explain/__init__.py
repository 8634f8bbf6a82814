"""Why a study cell is bad, found out by training it again with one change at a time.

- `published_case`: a published study cell to be explained.
- `suspects`: the possible causes and the changes that remove them.
- `explain`: the trainings, their effect on the gap, and the verdict.
"""
