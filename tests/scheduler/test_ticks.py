"""How jobs are packed, and what one turn of everything finds to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.scheduler.ticks import packed


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=8).map(tuple), max_size=40), st.integers(1, 20))
def test_packing_keeps_every_id_and_tears_no_host_apart(batches: list[tuple[int, ...]], size: int) -> None:
    jobs = packed(batches, size)
    assert [id_ for job in jobs for id_ in job] == [id_ for batch in batches for id_ in batch]
    assert all(len(job) >= size for job in jobs[:-1])
    assert all(job and len(job) < size + 8 for job in jobs)
    ends = {sum(map(len, batches[:place])) for place in range(len(batches) + 1)}
    assert all(sum(map(len, jobs[:place])) in ends for place in range(len(jobs) + 1))
