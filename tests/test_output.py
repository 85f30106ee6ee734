"""The output of a server in a report."""

from anysocket_matrix.processes.output import excerpt, printable


def test_the_last_lines_in_harmless_characters() -> None:
    assert excerpt(b"one\ntwo\n\x1b[31m\xff three\r\n", lines=2) == "two\n\\x1b[31m\\xff three"


def test_it_is_bounded() -> None:
    shown = excerpt(b"\x00" * 10_000_000 + b"\n" + b"x" * 100_000)
    assert len(shown) < 15 * 201
    assert shown.isascii()


def test_lines_stay_lines() -> None:
    assert printable("a\nb\x07") == "a\nb\\x07"
