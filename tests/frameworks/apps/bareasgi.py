"""bareASGI's echo (https://rob-blackbourn.github.io/bareASGI/)."""

from bareasgi import Application, HttpRequest, HttpResponse, LifespanRequest, WebSocketRequest, text_writer

from anysocket_adapters import normalise

ends: list[object] = []
state: list[str] = []


async def start(request: LifespanRequest) -> None:
    state[:] = ["started"]


async def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, [(b"content-type", b"text/plain")], text_writer(" ".join(state)))


async def echo(request: WebSocketRequest) -> None:
    await request.web_socket.accept()

    try:
        while True:
            text = await request.web_socket.receive()
            if text is None:
                break
            await request.web_socket.send("You said: " + text)
    except Exception as error:
        print(error)

    await request.web_socket.close()


async def binary(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    while (message := await request.web_socket.receive()) is not None:
        await request.web_socket.send(message)


async def until_the_end(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.receive()
    ends.append(None)


async def deny(request: WebSocketRequest) -> None:
    await request.web_socket.close()


async def fail(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    raise LookupError("no database")


async def leave(request: WebSocketRequest) -> None:
    await request.web_socket.accept()


app = Application(startup_handlers=[start])
app.http_router.add({"GET"}, "/", index)
app.ws_router.add("/echo", echo)
app.ws_router.add("/binary", binary)
app.ws_router.add("/until_the_end", until_the_end)
app.ws_router.add("/deny", deny)
app.ws_router.add("/fail", fail)
app.ws_router.add("/leave", leave)
app = normalise(app)
