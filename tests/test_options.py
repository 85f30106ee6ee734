"""The options of serving: the same in the class and as keyword arguments."""

from dataclasses import fields, replace
from pathlib import Path
from typing import get_type_hints

import pytest

from anysocket import Application
from anysocket.asgi import ASGIApp, Receive, Scope, Send
from anysocket_adapters import Options, normalise, servers
from anysocket_adapters.options import LIMITS, OptionValues, from_json, to_json
from anysocket_adapters.registry import check
from anysocket_adapters.serving.served_app import ENVIRONMENT, from_environment, to_environment
from anysocket_protocol.settings import DEFAULT_LIMITS, Limits


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


EACH = OptionValues(
    host="::1",
    port=1,
    unix_socket=Path("socket"),
    workers=2,
    loop="trio",
    normalise=True,
    tls_certificate=Path(__file__),
    tls_key=Path(__file__),
    max_message_size=1000,
    ping_interval=0.5,
    ping_timeout=1.5,
    compression=False,
    root_path="/api",
    log_level="debug",
    access_log=True,
    graceful_timeout=2.5,
    max_frames=1,
    max_header_size=2,
    max_header_lines=3,
    handshake_timeout=0.5,
    burst=4,
    burst_size=5,
    max_unread=6,
    max_unread_size=7,
    unix_socket_mode=0o660,
    factory=True,
    log_queries=True,
    max_rate=8,
    max_rate_size=9,
    idle_timeout=1.5,
    max_lifetime=2.5,
    max_connections=10,
    max_connections_per_address=11,
)
"""Every option, none of them with its default."""


@pytest.mark.parametrize("values", [EACH, {}])
def test_options_reach_another_process_as_they_are(values: OptionValues) -> None:
    assert from_json(to_json(values)) == values


def test_every_limit_of_a_connection_is_an_option() -> None:
    options = Options(**EACH)
    assert set(LIMITS) | {"max_message_size"} == {field.name for field in fields(Limits)}
    assert all(getattr(options.limits, name) == getattr(options, name) for name in LIMITS)
    assert options.limits.max_message_size == 1000
    assert Options().limits == DEFAULT_LIMITS


def test_a_limit_that_a_server_does_not_keep() -> None:
    with pytest.raises(ValueError, match=r"uvicorn-sansio can't honour burst=4: .* These can: .*uvicorn"):
        check(servers()["uvicorn-sansio"], raw, Options(burst=4))


def test_every_option_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    options, unset = Options(**EACH), Options()
    assert [name for name in unset.values if getattr(options, name) == getattr(unset, name)] == []
    monkeypatch.setenv(ENVIRONMENT, "")
    to_environment("tests.servers.apps:make", "token", options)
    assert from_environment().options == options


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    """Be an application of no framework."""


@pytest.mark.parametrize(
    ("app", "options"),
    [
        (Application(), Options(max_message_size=3)),
        (normalise(raw), Options(max_message_size=3)),
        (raw, Options(max_message_size=3, normalise=True)),
    ],
    ids=["application", "normalised", "normalise"],
)
def test_the_core_keeps_a_limit_that_the_server_cannot(app: ASGIApp, options: Options) -> None:
    granian = servers()["granian"]
    check(granian, app, options)
    with pytest.raises(ValueError, match=r"granian can't honour max_message_size=3: .*These can: daphne, "):
        check(granian, raw, Options(max_message_size=3))
    with pytest.raises(ValueError, match="granian can't honour compression=True"):
        check(granian, app, replace(options, compression=True))
