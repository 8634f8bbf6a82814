"""`check_reading`: whether the vectors of a network of your own depend on pads or on the other sequences."""

from collections.abc import Mapping

from torch import Tensor, nn

from seqtwin.conformance import reading_checks as checks
from seqtwin.conformance.battery import Check, CheckResult, run_checks
from seqtwin.conformance.layer_use import BOTH_ENDS
from seqtwin.conformance.own_network import ONE_PER_SEQUENCE, Call, Network, own_network, undisturbed
from seqtwin.conformance.usual_causes import PADS
from seqtwin.reading.given_lengths import Lengths

_ORDER = "pack with enforce_sorted=False, or undo your sorting: vectors[order.argsort()]"

READING_CHECKS: Mapping[str, Check[Network]] = {
    "alone": Check(checks.alone, PADS),
    "more_pads": Check(checks.more_pads, PADS),
    "other_rows": Check(checks.other_rows, PADS),
    "order": Check(checks.order, _ORDER),
    "directions": Check(checks.directions, BOTH_ENDS),
}

_FIRST: Check[Network] = Check(checks.repeatable, ONE_PER_SEQUENCE)


def check_reading(
    module: nn.Module,
    x: Tensor | None = None,
    lengths: Lengths | None = None,
    *,
    call: Call | None = None,
    raise_error: bool = True,
) -> tuple[CheckResult, ...]:
    """Check that a network of your own gives each sequence its own vector: not one that depends on pads, on the other
    sequences in the batch or on their order. One result per check, with the usual cause and the line to change.

    `module`: called as `module(x, lengths)`, or `module(x)` if it takes no lengths; it returns [batch dim]. `x`,
    `lengths`: a padded batch that it accepts, with two or more different lengths; None: random token ids for its
    nn.Embedding, else random steps for its recurrent layer. `call(x, lengths)`: how to call the module otherwise, for
    example with a packed batch. The check runs in eval mode and leaves the module as it was.

    Raises: ConfigError that lists every failed check with its cause; with `raise_error=False`, only if the inputs
    cannot be guessed or do not fit.

    >>> from seqtwin.reading.reader import Reader
    >>> [result.name for result in check_reading(Reader(nn.GRU(3, 4, batch_first=True), "max_output"))]
    ['alone', 'more_pads', 'other_rows', 'order', 'directions']
    """
    net = own_network(module, x, lengths, call)
    with undisturbed(module):
        return run_checks(
            type(module).__name__, net, _FIRST, READING_CHECKS, raise_error=raise_error, first="one_vector"
        )
