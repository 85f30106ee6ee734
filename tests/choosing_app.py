"""The application of the example in docs/choosing.md."""

import logging

from anysocket import Application, ApplicationCode, CloseCode, Connection, ConnectionClosed, WebSocketRequest

app = Application()

LEFT = ApplicationCode(4001)


@app.websocket("/news")
async def news(request: WebSocketRequest) -> None:
    if "key" not in request.query:
        await request.deny(401, body="a key is needed")
        return
    ws = request.web_socket
    await ws.accept(headers=[("x-edition", "evening")])
    await request.wait_closed()
    logging.info("%s left, because %s", request.client, request.reason)


@app.websocket("/chat")
async def chat(ws: Connection[str, str]) -> None:
    try:
        async for message in ws:
            await answer(ws, message)
    except ConnectionClosed as closed:
        if closed.code == CloseCode.ABNORMAL_CLOSURE:
            logging.info("lost")


async def answer(ws: Connection[str, str], message: str) -> None:
    if message == "bye":
        await ws.close(LEFT, "bye")
    await ws.send(message)
