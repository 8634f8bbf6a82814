"""`check_representation`: all checks of a representation."""

from collections.abc import Callable, Mapping

from torch import nn

from seqtwin.conformance import representation_contract as contract
from seqtwin.conformance import representation_vectors as vectors
from seqtwin.conformance.battery import Check, CheckResult, part_name, run_checks
from seqtwin.conformance.drawn_states import Case
from seqtwin.lookup import Spec, pick, split_spec
from seqtwin.model.representations import REPRESENTATIONS

_BY_LENGTH = "use states.mask and states.lengths, and never the width of the batch"
_EACH_ROW = "compute each row from its own states only: not from other rows, not from the width of the batch"

REPRESENTATION_CHECKS: Mapping[str, Check[Case]] = {
    "contract": Check(contract.contract, "set out_dim, needs and bound as the contract Representation describes"),
    "needs": Check(contract.needs, "name in needs exactly the states that forward uses"),
    "shape": Check(vectors.shape, "return [batch, out_dim]"),
    "one_row": Check(vectors.one_row, _EACH_ROW),
    "batch_mates": Check(vectors.batch_mates, _EACH_ROW),
    "in_training": Check(vectors.in_training, "no statistics of a batch: use LayerNorm instead of BatchNorm"),
    "order": Check(vectors.order, _EACH_ROW),
    "padding": Check(vectors.padding, _BY_LENGTH),
    "mostly_pads": Check(vectors.mostly_pads, _BY_LENGTH),
    "one_step": Check(vectors.one_step, "define the vector of a sequence of one step"),
    "long": Check(vectors.long, "use sums that do not overflow, such as a softmax or a mean"),
    "zero_step": Check(vectors.zero_step, "find pads by states.mask, not by the values of the states"),
    "bound": Check(vectors.bound, "declare the largest |coordinate| in bound, or None"),
    "zero_states": Check(vectors.zero_states, "add an epsilon where you divide or take a root"),
    "denormals": Check(vectors.denormals, "add an epsilon where you divide or take a root"),
    "half": Check(vectors.half, "avoid constants that overflow or vanish in bfloat16"),
    "dtype": Check(vectors.dtype, "create tensors with the dtype of the states"),
    "gradient": Check(contract.gradient, "keep the graph: no detach, no item(), no rounding; use every weight"),
    "identical": Check(contract.identical, "add an epsilon where you divide or take a root"),
    "deterministic": Check(contract.deterministic, "draw only while self.training is true"),
    "no_global_random": Check(contract.no_global_random, "draw only while self.training is true"),
    "inputs_unchanged": Check(contract.inputs_unchanged, "do not change the states in place"),
    "save_and_load": Check(contract.save_and_load, "register every weight as a parameter or a buffer"),
    "device": Check(contract.device, "register kept tensors as buffers, and pass device= to each tensor you make"),
}

_BUILD: Check[Case] = Check(
    lambda case: f"fits {len(case.fitted)} encoders",
    "build it with (shape), and raise ValueError for a shape it refuses",
)


def check_representation(
    representation: Spec | Callable[..., nn.Module], *, raise_error: bool = True
) -> tuple[CheckResult, ...]:
    """Check a representation against everything that SeqTwin expects of one, and return one result per check.

    `representation`: the class or function as it would be in `REPRESENTATIONS`, called with the shape of an encoder; or
    the name or spec of one in this dict. Pass options by `functools.partial` or in the spec. Every check runs over
    several small encoders; those that the representation refuses with a ValueError are left out.

    Raises: ConfigError that lists every failed check with its remedy; with `raise_error=False`, nothing.

    >>> results = check_representation("mean_output")
    >>> len(results), all(result.passed for result in results)
    (24, True)
    """
    build = representation if callable(representation) else _picker(representation)  # raises for a spec without a name
    case = Case(build)
    return run_checks(part_name(representation), case, _BUILD, REPRESENTATION_CHECKS, raise_error=raise_error)


def _picker(spec: Spec) -> Callable[..., nn.Module]:
    split_spec(spec)

    def build(shape: object) -> nn.Module:
        found = pick(REPRESENTATIONS, spec, "representation", shape)
        assert isinstance(found, nn.Module)
        return found

    return build
