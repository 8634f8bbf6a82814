"""Teachers: the vectors of texts by a model that exists already, from which `objective: distil` learns.

- `teacher`: the record of a teacher, and its fingerprint.
- `vector_tables`: vectors of texts from a file.
- `open_teacher`: TEACHERS, the kinds of teachers, and which kind a path is.
- `cached_vectors`: vectors of many texts, computed once and kept in a folder.
"""
