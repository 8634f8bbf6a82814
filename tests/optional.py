"""Libraries that some tests need, all of them in the extra `dev`: absent they are a skip, and a failure in CI."""

import importlib
import os
from types import ModuleType

import pytest


def library(name: str) -> ModuleType:
    """The library of this name; absent it is a skip, in CI a failure."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        reason = f"this test needs {error.name or name}: pip install 'seqtwin[dev]'"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
