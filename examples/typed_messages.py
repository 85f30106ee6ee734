"""Messages with types: each is decoded and validated, and type checkers find a forgotten one.

Run `anysocket serve typed_messages:app` in this folder, connect to
ws://127.0.0.1:8000/calculate, and send `{"type": "add", "numbers": [1, 2]}` or
`{"type": "divide", "dividend": 1, "divisor": 2}`.

With `BadMessage` among its types, the handler also gets messages that aren't valid, and answers
them. Without it, such a message closes the connection with 1007 and a reason.
"""

from typing import assert_never

from msgspec import Struct

from anysocket import Application, BadMessage, Connection


class Add(Struct, tag="add"):
    """A request for a sum."""

    numbers: list[float]


class Divide(Struct, tag="divide"):
    """A request for a quotient."""

    dividend: float
    divisor: float


class Result(Struct, tag="result"):
    """The answer."""

    value: float


class Mistake(Struct, tag="mistake"):
    """The answer when there is no result."""

    reason: str


app = Application()


@app.websocket("/calculate")
async def calculate(ws: Connection[Add | Divide | BadMessage, Result | Mistake]) -> None:
    async for message in ws:
        match message:
            case Add(numbers):
                await ws.send(Result(sum(numbers)))
            case Divide(divisor=0):
                await ws.send(Mistake("nothing can be divided by 0"))
            case Divide(dividend, divisor):
                await ws.send(Result(dividend / divisor))
            case BadMessage(reason=reason):
                await ws.send(Mistake(reason))
            case _:
                assert_never(message)
