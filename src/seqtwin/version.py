"""The version, in one place that imports nothing."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("seqtwin")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
