"""The estimate of the time left, against sums by hand."""

from seqtwin.progress.time_left import time_left
from seqtwin.progress.work_status import Stage, Task


def done(id_: str, pairing: str, seconds: float, cpu: float | None = None) -> Task:
    return Task(id_, "done", pairing, "finished", share=1.0, seconds=seconds, cpu_seconds=cpu)


def left(id_: str, pairing: str, share: float = 0.0) -> Task:
    return Task(id_, "left", pairing, share=share)


def test_nothing_measured_or_nothing_left_is_no_estimate() -> None:
    assert time_left([Stage("cells", (left("a", "a"),), 1)], 1) is None
    assert time_left([Stage("cells", (done("a", "a", 3.0),), 1)], 1) is None
    failed = Task("a", "failed", "a", seconds=1.0)
    assert time_left([Stage("cells", (failed, left("b", "b")), 2)], 1) is None


def test_a_cell_costs_the_mean_of_its_own_pairing() -> None:
    tasks = (
        done("a1", "a", 10, 8),
        done("a2", "a", 20, 10),
        done("b1", "b", 100, 90),
        left("a3", "a"),
        left("b2", "b"),
    )
    found = time_left([Stage("cells", tasks, 5)], 1)
    assert found is not None
    assert (found.seconds, found.cpu_seconds) == (115, 99)


def test_a_pairing_that_is_new_costs_the_mean_of_all() -> None:
    found = time_left([Stage("cells", (done("a1", "a", 10), done("b1", "b", 30), left("c1", "c")), 3)], 1)
    assert found is not None
    assert (found.seconds, found.cpu_seconds) == (20, None)
    assert "0 of the 1 left from their own pairing, 1 from the mean of all" in found.basis


def test_trials_tell_the_cost_of_a_cell_and_a_begun_task_counts_in_part() -> None:
    tuning = Stage("tunings", (Task("a", "left", "a", share=0.5, seconds=40.0),), 1, trainings=8)
    cells = Stage("cells", (left("a1", "a"), left("a2", "a", share=0.25)), 2)
    found = time_left([tuning, cells], 1)
    assert found is not None
    assert found.seconds == 4 * 10 + 10 + 7.5  # 4 of 8 trials took 40 s


def test_more_processes_share_the_work_but_not_one_task() -> None:
    tasks = (done("a1", "a", 10), done("b1", "b", 60), left("a2", "a"), left("a3", "a"), left("b2", "b"))
    assert [found.seconds for n in (1, 2, 4) if (found := time_left([Stage("cells", tasks, 5)], n))] == [80, 60, 60]


def test_tasks_without_a_name_count() -> None:
    found = time_left([Stage("round 1", (done("a", "a", 6),), 4)], 1)
    assert found is not None
    assert found.seconds == 18


def test_the_first_epochs_of_a_training_are_no_basis() -> None:
    begun = Task("a", "left", "a", share=0.01, seconds=40.0)
    assert time_left([Stage("cells", (begun,), 1)], 1) is None
