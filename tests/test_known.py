"""The check of a server's objects before a repair."""

from anysocket_adapters.repairs.known import once_for_each_class


class Stream:
    closed: bool


def test_a_class_is_looked_at_until_one_of_it_is_known() -> None:
    looked: list[object] = []

    def look(found: object) -> Stream | None:
        looked.append(found)
        return found if isinstance(found, Stream) and hasattr(found, "closed") else None

    known = once_for_each_class(look)
    half_made, first, second = Stream(), Stream(), Stream()
    first.closed = second.closed = False
    assert known(half_made) is None
    assert known(None) is None
    assert known(first) is first
    assert known(second) is second
    assert looked == [half_made, None, first]
