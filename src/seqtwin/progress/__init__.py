"""Progress of running and interrupted work, from the files that it has written. Nothing is written, torch is not used.

- `peek`: JSON files that may vanish while they are read.
- `driver`: whether a process works on a folder.
- `work_status`: the record that `seqtwin.status` returns.
- `time_left`: how long the rest will take, and what that rests on.
- `again`: the command that continues interrupted work.
- `race_files`: the files next to a training that a race chooses.
- `study_stages`: the cells, tunings and short trainings of a study.
- `study_status`: a study, running or not.
- `training_status`: a training, and the race before it.
- `file_status`: a file that is written block by block.
- `finished_folder`: folders in which nothing is left to do.
- `find_status`: from a path to its status.
- `status_words`: a status as lines of text.
- `status_page`: a status as a page that refreshes itself.
"""
