"""`check_index`: all checks of a kind of index."""

from collections.abc import Mapping

from seqtwin.conformance import index_changes as changes
from seqtwin.conformance import index_results as results
from seqtwin.conformance.battery import Check, CheckResult, part_name, run_checks
from seqtwin.conformance.index_results import Case, registered
from seqtwin.index.kinds import KINDS, Kind
from seqtwin.lookup import member

_RESCORE = "find candidates, then rank them by the matrix that search is given (index/rescore.py does this)"
_EACH = "search for each query on its own"

INDEX_CHECKS: Mapping[str, Check[Case]] = {
    "neighbours": Check(results.neighbours, "search more broadly: offer more breadths, or rank all vectors"),
    "similarities": Check(results.similarities, "use the similarity that build is given by its name"),
    "scores": Check(results.scores, _RESCORE),
    "best_first": Check(results.best_first, _RESCORE),
    "ties": Check(results.ties, "sort by score, then by row"),
    "large_k": Check(results.large_k, "return every row once where k is larger than the corpus, and -1 for no row"),
    "no_queries": Check(results.no_queries, "return arrays [0, k] for no query"),
    "alone": Check(results.alone, _EACH),
    "smaller_k": Check(results.smaller_k, "rank all candidates before the first k are taken"),
    "repeated": Check(results.repeated, "use a fixed seed, and keep nothing from one search to the next"),
    "no_global_random": Check(results.no_global_random, "draw from a generator of your own, with a fixed seed"),
    "inputs_unchanged": Check(results.inputs_unchanged, "copy vectors before you change them"),
    "invalid": Check(results.invalid, "do not replace the checks of Index"),
    "added": Check(changes.added, "return from grown a searcher with the further vectors"),
    "grown_apart": Check(changes.grown_apart, "return a copy from grown, and leave the searcher as it is"),
    "removed": Check(changes.removed, "build from the vectors that build is given, and keep no others"),
    "save_and_load": Check(changes.save_and_load, "restore in read what dump returned"),
    "changed_after_loading": Check(changes.changed_after_loading, "let a searcher from read grow and dump, too"),
    "other_encoder": Check(changes.other_encoder, "do not replace the checks of Index.load"),
}

_BUILD: Check[Case] = Check(
    lambda case: f"builds {case.name}" * bool(len(case.build(results.TEXTS))),
    "define build(similarity, vectors) and read(similarity, data, shape, breadth)",
)


def check_index(kind: str | Kind, *, raise_error: bool = True) -> tuple[CheckResult, ...]:
    """Check a kind of index against everything that SeqTwin expects of one, and return one result per check.

    `kind`: as it would be in `KINDS`, or the name of one in this dict. An index of 2,100 items is compared with a plain
    loop over all scores. An exact kind must find every neighbour; one that measures its recall, 95 % of them.

    Raises: ConfigError that lists every failed check with its remedy; with `raise_error=False`, nothing.

    >>> results = check_index("exact")
    >>> len(results), all(result.passed for result in results)
    (19, True)
    """
    if isinstance(kind, str):
        member(KINDS, kind, "index kind")
    with registered(kind) as name:
        return run_checks(part_name(kind), Case(name), _BUILD, INDEX_CHECKS, raise_error=raise_error)
