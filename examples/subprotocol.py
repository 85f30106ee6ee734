"""Use the subprotocol that the peer prefers.

Run `anysocket serve subprotocol:app` in this folder, then connect to ws://127.0.0.1:8000/sum and
offer `sum.json` or `sum.text`. Send numbers, as JSON or as text with spaces between them. You
receive their sum in the same form.
"""

import json
from collections.abc import Callable
from typing import TypeAlias

from anysocket import Application, CloseCode, WebSocketRequest

Answer: TypeAlias = Callable[[str | bytes], str]

app = Application()


def sum_json(message: str | bytes) -> str:
    """Answer `[1, 2]` with `{"sum": 3}`."""
    return json.dumps({"sum": sum(json.loads(message))})


def sum_text(message: str | bytes) -> str:
    """Answer `1 2` with `3`."""
    return str(sum(int(number) for number in message.split()))


SUBPROTOCOLS: dict[str, Answer] = {"sum.json": sum_json, "sum.text": sum_text}


@app.websocket("/sum")
async def add(request: WebSocketRequest) -> None:
    chosen = next((each for each in request.subprotocols if each in SUBPROTOCOLS), None)
    if chosen is None:
        await request.deny(400, body=f"offer one of {', '.join(SUBPROTOCOLS)}")
        return
    ws = request.web_socket
    await ws.accept(chosen)
    while (message := await ws.receive()) is not None:
        try:
            answer = SUBPROTOCOLS[chosen](message)
        except (TypeError, ValueError):
            await ws.close(CloseCode.INVALID_PAYLOAD_DATA, "not numbers")
        else:
            await ws.send(answer)
