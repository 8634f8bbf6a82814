"""The version of the package. This file imports nothing else of it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("seqtwin")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
