"""An application whose tests show what it needs of a server, for docs/choosing.md."""

import logging

from anysocket import Application, ApplicationCode, Connection, ConnectionClosed, WebSocketRequest

app = Application()

LEFT = ApplicationCode(4001)


@app.websocket("/news")
async def news(request: WebSocketRequest) -> None:
    if "key" not in request.query:
        await request.deny(401, body="a key is needed")
        return
    await request.web_socket.accept(headers=[("x-edition", "evening")])
    await request.wait_closed()
    logging.info("left: %s", request.reason)


@app.websocket("/chat")
async def chat(ws: Connection[str, str]) -> None:
    try:
        while (message := await ws.receive()) != "bye":
            await ws.send(message)
        await ws.close(LEFT, "bye")
    except ConnectionClosed as closed:
        if closed.code != 1000:
            logging.info("lost")
