"""The options of serving: the same in the class and as keyword arguments."""

from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from anysocket_adapters import Options
from anysocket_adapters.options import OptionValues


def test_keywords_are_the_fields() -> None:
    assert get_type_hints(OptionValues) == get_type_hints(Options)
    assert list(OptionValues.__annotations__) == [field.name for field in fields(Options)]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (OptionValues(port=70000), "port 70000 isn't in 0-65535"),
        (OptionValues(workers=0), "workers must be at least 1, not 0"),
        (OptionValues(tls_key=Path(__file__)), "go together"),
        (OptionValues(tls_key=Path("no"), tls_certificate=Path("no")), "there is no file no"),
        (OptionValues(max_message_size=0), "max_message_size must be above 0, not 0"),
        (OptionValues(ping_interval=-1), "ping_interval must not be negative"),
        (OptionValues(graceful_timeout=0), "graceful_timeout must be above 0"),
        (OptionValues(root_path="api"), "root_path 'api' must start with a slash"),
        (OptionValues(root_path="/api/"), "root_path '/api/' must start with a slash and not end"),
    ],
)
def test_what_no_server_could_make_sense_of(values: OptionValues, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Options(**values)
