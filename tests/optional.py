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
    except ImportError:
        if os.environ.get("CI") and name not in BY_HAND:
            pytest.fail(f"the extra dev lacks {name}")
        pytest.skip(f"this test needs {name}")
