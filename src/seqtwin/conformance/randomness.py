"""Whether code draws from a global generator, of NumPy or of PyTorch."""

from collections.abc import Callable

import numpy as np
import torch

from seqtwin.conformance.battery import require


def require_no_draw(act: Callable[[], object], what: str) -> str:
    """Check that `act` draws from no global generator. `what`: it does, for the finding.

    Raises: NotMetError.
    """
    before = _states()
    act()
    changed = [name for name, state in _states().items() if state != before[name]]
    require(not changed, f"{what} draws from the global generator of {', '.join(changed)}")
    return "no global generator is used"


def _states() -> dict[str, str]:
    name, keys, position, *rest = np.random.get_state()
    # not that of Python: tools that check types draw from it at every call
    return {
        "NumPy": str((name, np.asarray(keys).tobytes(), position, rest)),
        "PyTorch": str(torch.random.get_rng_state().numpy().tobytes()),
    }
