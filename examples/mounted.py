"""A page over http and a WebSocket beside it: http requests go to another ASGI application.

Run `anysocket serve mounted:app` in this folder, then open http://127.0.0.1:8000/ in a browser.
`page` stands for an application of any framework; its own lifespan runs inside that of `app`.
"""

from anysocket import Application, WebSocketRequest
from anysocket.asgi import Receive, Scope, Send

PAGE = b"""<!doctype html>
<title>Shout</title>
<input id="say" placeholder="say something"> <output id="hear"></output>
<script>
  const socket = new WebSocket(location.href.replace(/^http/, "ws") + "shout");
  document.getElementById("say").onchange = (event) => socket.send(event.target.value);
  socket.onmessage = (event) => document.getElementById("hear").value = event.data;
</script>
"""


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every http request with the page."""
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(PAGE))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE})


app = Application(http=page)


@app.websocket("/shout")
async def shout(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message.upper())
