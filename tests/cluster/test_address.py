"""The forms in which a cluster can be named, and what is refused before anything is started."""

from pathlib import Path

import pytest

from seqtwin.cluster.address import local_workers, scheduler_address
from seqtwin.errors import ConfigError


def test_scheduler_file_gives_its_address(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text('{"type": "Scheduler", "address": "tcp://10.0.0.5:8786"}')
    assert scheduler_address(str(file)) == "tcp://10.0.0.5:8786"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"address": 7}', '{"address": "inproc://here"}', '{"address"'])
def test_file_that_is_no_scheduler_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text(content)
    with pytest.raises(ConfigError, match="not a scheduler file"):
        scheduler_address(str(file))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:8786", "write tcp://127.0.0.1:8786"),
        ("LOCAL:2", "write local:2"),
        ("missing.json", "no such scheduler file"),
        ("local", "expected local:N"),
        ("tcp://host", "expected local:N"),
        ("http://host:8787/status", "expected local:N"),
    ],
)
def test_other_forms_are_refused_with_what_to_write(address: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        scheduler_address(address)


@pytest.mark.parametrize("address", ["local:0", "local:257", "local:999999999"])
def test_number_of_local_workers_has_limits(address: str) -> None:
    with pytest.raises(ConfigError, match="from 1 to 256 workers"):
        local_workers(address)
