"""Libraries that some tests need. Those of the extra `dev` must be there in CI; the larger ones are tried by hand."""

import importlib
import os
from types import ModuleType

import pytest

BY_HAND = ("lancedb", "mlflow", "wandb")  # docs/choices.md: too large for CI


def library(name: str) -> ModuleType:
    """The library of this name; absent it is a skip, in CI a failure, unless it is tried by hand only."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        where = name if name in BY_HAND else "'seqtwin[dev]'"
        reason = f"this test needs {error.name or name}: pip install {where}"
        if os.environ.get("CI") and name not in BY_HAND:
            pytest.fail(reason)
        pytest.skip(reason)
