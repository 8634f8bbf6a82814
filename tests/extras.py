"""Libraries of the development extras: absent they are a failure in CI, and a skip elsewhere."""

import importlib
import os
from types import ModuleType

import pytest


def development_extra(name: str) -> ModuleType:
    """The module of this name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        reason = f"this test needs {error.name}: pip install 'seqtwin[dev]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
