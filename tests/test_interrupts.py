"""Signals: the first raises, later ones of a storm are ignored, one that comes later ends the process at once."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from seqtwin import interrupts
from seqtwin.interrupts import Terminated, exit_code, postponed, stoppable

TWICE = """
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from seqtwin.interrupts import TOGETHER, postponed, stoppable
with stoppable():
    {held}
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            pass
        print("first", flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        print("storm", flush=True)
        time.sleep(TOGETHER + 0.1)
        os.kill(os.getpid(), signal.{second})
        print("not reached", flush=True)
"""


@pytest.fixture(autouse=True)
def usual_handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in interrupts.ENDING}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("held", ["if True:", "with postponed():"])
@pytest.mark.parametrize(("second", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_second_signal_ends_the_process_at_once(held: str, second: str, code: int) -> None:
    script = TWICE.format(held=held, second=second)
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (child.stdout.split("\n")[:-1], child.returncode) == (["first", "storm"], code), child.stderr


@pytest.mark.parametrize(("number", "kind", "code"), [(signal.SIGINT, KeyboardInterrupt, 130)])
def test_ctrl_c_raises_as_usual(number: signal.Signals, kind: type[KeyboardInterrupt], code: int) -> None:
    with pytest.raises(kind) as caught, stoppable():
        signal.raise_signal(number)
    assert exit_code(caught.value) == code


def test_sigterm_raises_within_a_command_only() -> None:
    with pytest.raises(Terminated) as caught, stoppable():
        signal.raise_signal(signal.SIGTERM)
    assert exit_code(caught.value) == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_signal_waits_and_is_delivered_to_its_handler() -> None:
    with stoppable(), postponed() as waiting:
        signal.raise_signal(signal.SIGTERM)
        assert waiting.number == signal.SIGTERM
        with pytest.raises(Terminated):
            waiting.deliver()


def test_at_rest_it_raises_at_once() -> None:
    with postponed() as waiting:
        waiting.resting = True
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None])
def test_handlers_of_others_stay(handler: object) -> None:
    signal.signal(signal.SIGTERM, handler)  # type: ignore[arg-type]
    with postponed():
        assert signal.getsignal(signal.SIGTERM) is handler


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as under nohup
    with stoppable(), postponed():
        os.kill(os.getpid(), signal.SIGINT)


def test_another_thread_touches_no_handler() -> None:
    before, during = signal.getsignal(signal.SIGINT), []

    def other() -> None:
        with stoppable(), postponed():
            during.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert during == [before]
