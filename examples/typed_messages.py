"""Messages with types: each is decoded and validated, and checkers know when one is forgotten.

Run `anysocket serve typed_messages:app` in this folder, connect to
ws://127.0.0.1:8000/calculate, and send `{"type": "add", "numbers": [1, 2]}` or
`{"type": "divide", "dividend": 1, "divisor": 2}`.

`BadMessage` among what is received hands over what isn't a message at all, as an answer is wanted
for it too. Without it, such a message would close the connection with 1007 and its reason.
"""

from typing import assert_never

from msgspec import Struct

from anysocket import Application, BadMessage, Connection


class Add(Struct, tag="add"):
    """Asks for a sum."""

    numbers: list[float]


class Divide(Struct, tag="divide"):
    """Asks for a quotient."""

    dividend: float
    divisor: float


class Result(Struct, tag="result"):
    """Answers what was asked."""

    value: float


class Mistake(Struct, tag="mistake"):
    """Answers what can't be answered."""

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
