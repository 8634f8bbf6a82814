"""The JavaScript packages of the tests of the web export: in tests/web/node_modules, never committed."""

import os
import shutil
from pathlib import Path

import pytest

WEB = Path(__file__).parent.parent / "web"
PACKAGES = WEB / "node_modules"
RUNTIMES = ("onnxruntime-web", "onnxruntime-node")


def require_packages() -> None:
    """Skip the test without Node or its packages; in CI they are required."""
    if shutil.which("node") and all((PACKAGES / name).is_dir() for name in (*RUNTIMES, "@huggingface/tokenizers")):
        return
    reason = "these tests need node 20, and: npm ci --ignore-scripts --prefix tests/web"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
