"""The plan alone: whatever happened to the inputs, what is kept is exactly what would be derived the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingestion.derived.plan import Inputs, make_plan
from ingestion.derived.records import Record
from ingestion.derived.shape import Part

CENTRE, CHILD = "CENTRE", "CHILD"
ROWS = st.dictionaries(st.sampled_from(["b1", "b2", "b3"]), st.integers(0, 3), max_size=3)


def part(name: str, print_: str) -> Part:
    carried = (CENTRE,) if name == CHILD else ()
    return Part(name, name, None, carried, print_, frame=lambda _read, _several: None)  # type: ignore[arg-type,return-value]


def inputs(centre: dict[str, int], child: dict[str, int]) -> Inputs:
    rows = {f"c{batch}": count for batch, count in centre.items()}
    return Inputs({CENTRE: rows, CHILD: child}, {CENTRE: rows}, lambda: {CENTRE: frozenset()})


def derived(name: str, batch: str, rows: int, seen: Inputs, absent: int) -> Record:
    carried = dict(seen.carried[CENTRE]) if name == CHILD else {}
    return Record(f"{name}-{batch}", "FLAT", name, batch, rows, "p", carried, seen.state, absent, 0)


@given(before=st.tuples(ROWS, ROWS), after=st.tuples(ROWS, ROWS), absent=st.integers(0, 1), found=st.booleans(),
       lost=st.sets(st.sampled_from(["b1", "b2"])))  # fmt: skip
def test_what_is_kept_is_what_would_be_derived_the_same(
    before: tuple[dict[str, int], dict[str, int]],
    after: tuple[dict[str, int], dict[str, int]],
    absent: int,
    found: bool,
    lost: set[str],
) -> None:
    then, now = inputs(*before), inputs(*after)
    records = [derived(name, batch, rows, then, absent if name == CHILD else 0)
               for name, several in then.parts.items() for batch, rows in several.items()]  # fmt: skip
    accepted = {one.batch_id: one.input_rows for one in records}
    held = {name: rows for name, rows in accepted.items() if rows and name.removeprefix("CHILD-") not in lost}
    still = 0 if found else absent
    plan = make_plan(
        [part(CENTRE, "p"), part(CHILD, "p")], now, records, held, accepted,
        lambda _part, batches: dict.fromkeys(batches, (still, 0)),
    )  # fmt: skip
    for name in (CENTRE, CHILD):
        kept = {one.input_batch for one in plan.keep if one.part == name}
        assert kept | plan.todo[name].keys() == now.parts[name].keys()
        assert not kept & plan.todo[name].keys()
        for batch in kept:
            assert then.parts[name][batch] == now.parts[name][batch]
            if name == CHILD:
                # Nothing that it carried has gone, and what it missed is still missed.
                assert then.carried[CENTRE].items() <= now.carried[CENTRE].items()
                assert then.carried == now.carried or still == absent
                assert batch not in lost or not then.parts[name][batch]
    assert set(plan.stale) == held.keys() - {one.batch_id for one in plan.keep}
    if before == after and not lost:
        assert plan.nothing
    assert all(one.carried_state == now.state for one in plan.keep)


def test_another_definition_of_a_part_derives_that_part_again() -> None:
    seen = inputs({"b1": 2}, {"b1": 3})
    records = [derived(CENTRE, "cb1", 2, seen, 0), derived(CHILD, "b1", 3, seen, 0)]
    held = {one.batch_id: one.input_rows for one in records}
    plan = make_plan([part(CENTRE, "p"), part(CHILD, "q")], seen, records, held, held, lambda _part, _batches: {})
    assert ([one.part for one in plan.keep], plan.todo[CHILD], plan.stale) == ([CENTRE], {"b1": 3}, ("CHILD-b1",))
