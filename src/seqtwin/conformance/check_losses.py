"""`check_loss`: all checks of a loss."""

from collections.abc import Callable, Mapping

from seqtwin.conformance import loss_contract as contract
from seqtwin.conformance import loss_values as values
from seqtwin.conformance.battery import Check, CheckResult, part_name, run_checks
from seqtwin.conformance.drawn_pairs import Case
from seqtwin.lookup import Spec, pick, split_spec
from seqtwin.training.losses import LOSSES, Loss

_SILENT = "return self.silent(compared) for a batch without what the loss needs"
_EPSILON = "add an epsilon under each root and in each division, and return self.silent(compared) for an empty sum"
_DIRECTION = "targets are in [0, 1], 1 = same: the loss must fall when same pairs come closer than different ones"

LOSS_CHECKS: Mapping[str, Check[Case]] = {
    "contract": Check(contract.contract, "derive from Loss, and define formula, settings and plateau"),
    "scalar": Check(values.scalar, "return the mean or the sum over the pairs, in the type of the vectors"),
    "one_class": Check(values.one_class, _SILENT),
    "one_pair": Check(values.one_pair, _SILENT),
    "identical": Check(values.identical, _EPSILON),
    "constant": Check(values.constant, _EPSILON),
    "extreme": Check(values.extreme, "use logsumexp, softplus or log_softmax instead of exp and log"),
    "half": Check(values.half, "avoid constants that overflow or vanish in bfloat16"),
    "lowest_at_ideal": Check(values.lowest_at_ideal, _DIRECTION),
    "wrong_is_worse": Check(values.wrong_is_worse, _DIRECTION),
    "binary_direction": Check(values.binary_direction, _DIRECTION),
    "inverted_direction": Check(values.inverted_direction, _DIRECTION),
    "graded_direction": Check(values.graded_direction, "use self.same(target), or the targets as they are"),
    "cut": Check(values.cut, "use self.same(target) instead of a number, or set needs_cut = False"),
    "plateau": Check(values.plateau, "return the least loss of equal scores, or None"),
    "order": Check(values.order, "do not use the position of a pair in its batch"),
    "gradient": Check(contract.gradient, "correct the backward pass of your own function"),
    "silent": Check(contract.silent, _SILENT),
    "deterministic": Check(contract.deterministic, "do not draw, and keep nothing from one call to the next"),
    "no_global_random": Check(contract.no_global_random, "draw from a torch.Generator of your own"),
    "inputs_unchanged": Check(contract.inputs_unchanged, "do not change the batch in place"),
    "save_and_load": Check(contract.save_and_load, "keep what calibrate sets in a buffer"),
    "no_similarity_weights": Check(contract.no_similarity_weights, "use self.similarity, and do not assign the module"),
    "device": Check(contract.device, "pass device= to each tensor you make"),
}

_BUILD: Check[Case] = Check(
    lambda case: f"fits {len(case.fitted)} similarities",
    "build it with (space, cut, similarity), and raise ValueError for a space it refuses",
)


def check_loss(loss: Spec | Callable[..., Loss], *, raise_error: bool = True) -> tuple[CheckResult, ...]:
    """Check a loss of pairs against everything that SeqTwin expects of one, and return one result per check.

    `loss`: the class as it would be in `LOSSES`, called with (space, cut, similarity); or the name or spec of one in
    this dict. Pass options by `functools.partial` or in the spec. Every check runs with several similarities; those
    that the loss refuses with a ValueError are left out.

    Raises: ConfigError that lists every failed check with its remedy; with `raise_error=False`, nothing.

    >>> results = check_loss("mse")
    >>> len(results), all(result.passed for result in results)
    (24, True)
    """
    build = loss if callable(loss) else _picker(loss)  # raises for a spec without a name
    return run_checks(part_name(loss), Case(build), _BUILD, LOSS_CHECKS, raise_error=raise_error)


def _picker(spec: Spec) -> Callable[..., Loss]:
    split_spec(spec)

    def build(*context: object) -> Loss:
        found: Loss = pick(LOSSES, spec, "loss", *context)
        return found

    return build
