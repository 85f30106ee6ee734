"""Multi-dicts: a mapping of first values, and all values in their order."""

import time

import pytest

from anysocket import Headers, MultiDict, Query

PAIRS = [("a", "1"), ("b", "2"), ("a", "3")]


def test_as_a_mapping_it_gives_first_values() -> None:
    multi = MultiDict(PAIRS)
    assert dict(multi) == {"a": "1", "b": "2"}
    assert list(multi) == ["a", "b"]
    assert len(multi) == 2
    assert multi.get("c") is None
    assert "a" in multi
    assert "c" not in multi


def test_a_missing_name() -> None:
    with pytest.raises(KeyError, match=r"^'c'$"):
        MultiDict(PAIRS)["c"]


def test_all_values_in_order() -> None:
    multi = MultiDict(PAIRS)
    assert multi.get_all("a") == ["1", "3"]
    assert multi.get_all("c") == []
    assert multi.pairs() == tuple(PAIRS)


def test_what_it_was_made_from_may_change() -> None:
    source = list(PAIRS)
    multi = MultiDict(source)
    source.clear()
    assert multi.pairs() == tuple(PAIRS)


def test_it_is_immutable() -> None:
    multi = MultiDict(PAIRS)
    assert not hasattr(multi, "__setitem__")
    assert not hasattr(multi, "__delitem__")
    assert not hasattr(multi, "__dict__")


def test_equal_means_equal_in_order_and_kind() -> None:
    assert MultiDict(PAIRS) == MultiDict(tuple(PAIRS))
    assert hash(MultiDict(PAIRS)) == hash(MultiDict(tuple(PAIRS)))
    assert MultiDict(PAIRS) != MultiDict(reversed(PAIRS))
    assert MultiDict(PAIRS) != Headers(PAIRS)
    assert MultiDict([("a", "1")]) != {"a": "1"}


def test_repr_can_be_read_back() -> None:
    assert repr(MultiDict([("a", "1")])) == "MultiDict([('a', '1')])"
    assert repr(Query()) == "Query([])"


@pytest.mark.parametrize("name", ["x-trace", "X-Trace", "X-TRACE"])
def test_headers_in_any_case(name: str) -> None:
    headers = Headers([("X-Trace", "One"), ("x-trace", "Two")])
    assert headers[name] == "One"
    assert headers.get(name) == "One"
    assert headers.get_all(name) == ["One", "Two"]
    assert name in headers
    assert list(headers) == ["x-trace"]


def test_headers_are_latin_1() -> None:
    every_byte = bytes(range(256))
    assert Headers.from_raw([(b"x", every_byte)])["x"].encode("latin-1") == every_byte


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (b"", ()),
        (b"a=1&b=2&a=3", (("a", "1"), ("b", "2"), ("a", "3"))),
        (b"a=&b", (("a", ""), ("b", ""))),
        (b"q=a+b%20c", (("q", "a b c"),)),
        (b"%C3%A9=%E2%82%AC", (("é", "€"),)),
        (b"a=1;b=2", (("a", "1;b=2"),)),
        (b"a=b=c", (("a", "b=c"),)),
        (b"bad=%ff%zz", (("bad", "\N{REPLACEMENT CHARACTER}%zz"),)),
    ],
)
def test_query(raw: bytes, pairs: tuple[tuple[str, str], ...]) -> None:
    assert Query.from_raw(raw).pairs() == pairs


def test_query_names_keep_their_case() -> None:
    assert "A" not in Query.from_raw(b"a=1")


def test_many_names_take_linear_time() -> None:
    pairs = [(f"name{n % 100_000}", str(n)) for n in range(200_000)]
    query = Query(pairs)
    started = time.process_time()
    assert dict(query) == dict(pairs[:100_000])
    assert list(query.items()) == pairs[:100_000]
    assert len(query) == 100_000
    assert "name7" in query
    assert query.get("none") is None
    assert time.process_time() - started < 5  # it was an hour
