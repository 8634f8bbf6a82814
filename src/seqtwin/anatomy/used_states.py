"""The states of one text that each representation uses, measured by its gradient."""

import inspect
import re
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from seqtwin.anatomy.records import Reading
from seqtwin.anatomy.statements import largest, near
from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.representations import REPRESENTATIONS, Representation
from seqtwin.model.siamese import Siamese
from seqtwin.records import States

NUMBERS = 4  # shown of a vector
NEEDED: dict[str, dict[str, list[str]]] = {"join": {"parts": ["mean_output", "max_output"]}}  # options without default


def readings(model: Siamese, states: States) -> tuple[Reading, ...]:
    """Every member of REPRESENTATIONS that this encoder supports, its own with the trained weights.

    `states`: the states of one text.
    """
    final = states.hidden[:, -1].flatten(1)
    return tuple(_reading(name, part, part is model.representation, states, final) for name, part in _parts(model))


def _parts(model: Siamese) -> Iterator[tuple[str, Representation]]:
    own = type(model.representation)
    for name, kind in REPRESENTATIONS.items():
        if kind is own:
            yield name, model.representation
            continue
        spec = {"name": name, **NEEDED.get(name, {})}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                yield name, pick(REPRESENTATIONS, spec, "representation", model.encoder.shape).eval()
            except ConfigError:  # it needs a state this encoder lacks, such as the cell state of a GRU
                continue


def _reading(name: str, part: Representation, own: bool, states: States, final: Tensor) -> Reading:
    vector = part(states).detach()
    outputs, hidden, cell = _shares(part, states)
    difference = largest(vector, final) if vector.shape == final.shape else None
    return Reading(
        name=name,
        formula=_formula(part),
        words=_words(outputs, hidden, cell),
        outputs=outputs,
        hidden=hidden,
        cell=cell,
        width=vector.shape[1],
        first=tuple(float(value) for value in vector[0, :NUMBERS]),
        difference=difference,
        equal=difference is not None and near(difference, final),
        own=own,
        drawn=not own and any(True for _ in part.parameters()),
    )


def _formula(part: Representation) -> str:
    """The first sentence of the docstring of a representation."""
    paragraph = (inspect.getdoc(type(part)) or "").split("\n\n", maxsplit=1)[0]
    return re.split(r"\.\s+(?=[A-Z])|;\s", " ".join(paragraph.split()))[0].rstrip(".")


def _shares(part: Representation, states: States) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share of a vector's gradient on every state: [time directions], [layers directions], [layers directions]."""
    cell = torch.zeros(*states.hidden.shape[:3], 1) if states.cell is None else states.cell
    leaves = [state.detach().clone().requires_grad_() for state in (states.outputs, states.hidden, cell)]
    given = States(leaves[0], leaves[1], None if states.cell is None else leaves[2], states.lengths)
    with torch.enable_grad():
        vector = part(given)
        # a random sign for each coordinate, since coordinates could cancel
        signs = torch.randint(0, 2, vector.shape, generator=torch.Generator().manual_seed(0)) * 2.0 - 1.0
        gradients = torch.autograd.grad((vector * signs).sum(), leaves, allow_unused=True)
    weights = [torch.zeros_like(a) if g is None else g.abs() for a, g in zip(leaves, gradients, strict=True)]
    directions = states.hidden.shape[2]
    masses = [weights[0][0].unflatten(-1, (directions, -1)).sum(-1), weights[1][0].sum(-1), weights[2][0].sum(-1)]
    whole = float(sum(mass.sum() for mass in masses)) or 1.0
    outputs, hidden, memory = ((mass / whole).double().numpy() for mass in masses)
    return outputs, hidden, memory


def _words(outputs: np.ndarray, hidden: np.ndarray, cell: np.ndarray) -> str:
    """The states used, as a phrase."""
    phrases = [_steps(outputs)] if outputs.any() else []
    phrases += [_states("h_n", hidden)] if hidden.any() else []
    phrases += [_states("c_n", cell)] if cell.any() else []
    return " and ".join(phrases)


def _steps(outputs: np.ndarray) -> str:
    halves = outputs > 0
    steps = np.flatnonzero(halves.any(1))
    time, count = len(outputs), len(steps)
    if count == time:
        return "every step" if time > 1 else "the only step"
    if count == 1:
        half = "" if halves.shape[1] == 1 else ", both halves" if halves[steps[0]].all() else ", one half"
        return f"step {steps[0] + 1} of {time}{half}"
    return f"{count} of {time} steps"


def _states(name: str, shares: np.ndarray) -> str:
    layers = np.flatnonzero((shares > 0).any(1))
    if len(layers) == len(shares):
        return name if len(shares) == 1 else f"{name} of every layer"
    top = list(layers) == [len(shares) - 1]
    return f"{name} of the top layer" if top else f"{name} of {len(layers)} layers"
