"""Checked models from raw values, or one error with every wrong value and the nearest known keys."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from seqtwin.errors import ConfigError, nearest

Model = TypeVar("Model", bound=BaseModel)


def _named(spec: object) -> object:
    """`{join: [a, b]}` is short for `{name: join, parts: [a, b]}`, and `{sum: [a, b], weights: [1, 2]}` likewise."""
    if not isinstance(spec, (str, dict)):
        raise ValueError("expected a name or {name: ..., option: ...}")
    if isinstance(spec, str) or "name" in spec:
        return spec
    if set(spec) == {"join"}:
        return {"name": "join", "parts": spec["join"]}
    if "sum" in spec and set(spec) <= {"sum", "weights"}:
        return {"name": "sum", "parts": spec["sum"], **{key: value for key, value in spec.items() if key != "sum"}}
    return spec


WHOLE, NUMBER, LIST = "expected an integer", "expected a number", "expected a list, for example [a, b]"
MESSAGES: Mapping[str, str] = {
    "missing": "is missing",
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "string_type": "expected a text",
    "dict_type": "expected keys and values: {{key: value}}",
    "list_type": LIST,
    "tuple_type": LIST,
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected at least {ge:g}",
    "less_than": "expected less than {lt:g}",
    "less_than_equal": "expected at most {le:g}",
    "literal_error": "expected {expected}",
    "too_long": "expected at most {max_length} items, found {actual_length}",
    "too_short": "expected at least {min_length} items, found {actual_length}",
}
_ALTERNATIVE = re.compile(r"str|int|float|bool|none|(list|dict|tuple|literal|constrained-\w+|function-\w+)(\[.*|\(.*)?")
Part = Annotated[str | dict[str, Any], BeforeValidator(_named)]


class Strict(BaseModel):
    """A frozen model without unknown keys and with finite numbers only."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def validated(model: type[Model], raw: Mapping[str, object], place: str) -> Model:
    """The model with these values. `place`: of the values, for the error.

    Raises: ConfigError.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        causes = [_cause(model, one) for one in _one_each(error.errors())]
        raise ConfigError("CONFIG_INVALID", "\n  ".join(causes), place=place) from error


def _one_each(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """One error for each value. A value that may be a text or a list has one for either: the one inside of the list is
    chosen, or else the words of both are joined.
    """
    by_place: dict[tuple[int | str, ...], list[tuple[bool, ErrorDetails]]] = {}
    for error in errors:
        at = next((n for n, step in enumerate(error["loc"]) if _is_alternative(n, step)), None)
        place = error["loc"] if at is None else error["loc"][:at]
        rest = () if at is None else error["loc"][at + 1 :]
        plain: ErrorDetails = {**error, "loc": (*place, *rest)}
        by_place.setdefault(place, []).append((bool(rest), plain))
    return [one for found in by_place.values() for one in _chosen(found)]


def _is_alternative(place: int, step: int | str) -> bool:
    """Whether a step of a path is none of the value, but the type that was tried."""
    return place > 0 and isinstance(step, str) and _ALTERNATIVE.fullmatch(step) is not None


def _chosen(errors: Sequence[tuple[bool, ErrorDetails]]) -> list[ErrorDetails]:
    inside = [error for is_inside, error in errors if is_inside]
    if inside or len(errors) == 1:
        return inside or [errors[0][1]]
    words = list(dict.fromkeys(_words(error).removeprefix("expected ") for _, error in errors))
    return [{**errors[0][1], "type": "alternatives", "msg": f"expected {', or '.join(words)}"}]


def _cause(model: type[BaseModel], error: ErrorDetails) -> str:
    path = [str(step) for step in error["loc"]]
    if error["type"] == "extra_forbidden":
        fields = _model_at(model, path[:-1]).model_fields
        known = [field.alias or name for name, field in fields.items()]
        where = f" in {'.'.join(path[:-1])}" if path[:-1] else ""
        return f"unknown key '{path[-1]}'{where}; known: {', '.join(known)}{nearest(path[-1], known)}"
    shown = "" if error["type"] == "missing" else _shown(error["input"])
    got = f"; got {shown}" if shown else ""
    return f"{'.'.join(path) or 'config'}: {_in_words(model, path, error)}{got}"


def _shown(value: object) -> str:
    """A value as printed in an error, null and true as in YAML and JSON; empty if it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python converts
        return ""
    return text if len(text) < 80 else ""


def _in_words(model: type[BaseModel], path: Sequence[str], error: ErrorDetails) -> str:
    """The expected value in words, without the class names of the models."""
    if error["type"] in {"model_type", "model_attributes_type"}:
        keys = [field.alias or name for name, field in _model_at(model, path).model_fields.items()]
        return f"expected {{key: value}} with the keys {', '.join(keys)}"
    return _words(error)


def _words(error: ErrorDetails) -> str:
    if error["type"] in MESSAGES:
        return MESSAGES[error["type"]].format(**error.get("ctx", {}))
    return error["msg"].removeprefix("Value error, ")


def _model_at(model: type[BaseModel], path: Sequence[str]) -> type[BaseModel]:
    for step in path:
        if step.isdigit():  # an index in a list of models
            continue
        kind = model.model_fields[step].annotation
        model = next(k for k in (kind, *get_args(kind)) if isinstance(k, type) and issubclass(k, BaseModel))
    return model
