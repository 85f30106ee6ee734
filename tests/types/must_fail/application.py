"""An application's arguments: middleware, failure handlers, codecs, origins."""

from collections.abc import Awaitable, Callable

from anysocket import Application, Close, Connection, Json, MessagePack, Next, WebSocketRequest

app = Application(origins=1)  # error
Application(origins=[1])  # error
Application(http="app")  # error
Application(lifespan={"motto": "hello"})  # error
Application(close_timeout="5")  # error
Application(None)  # error


class NoSuchRoom(Exception):
    pass


@app.middleware  # error
async def takes_a_request_only(request: WebSocketRequest) -> None: ...


@app.middleware  # error
def is_not_async(request: WebSocketRequest, call_next: Next) -> None: ...


@app.middleware  # error
async def takes_a_connection(ws: Connection[str, str], call_next: Next) -> None: ...


@app.middleware  # error
async def takes_another_next(
    request: WebSocketRequest, call_next: Callable[[WebSocketRequest], Awaitable[None]]
) -> None: ...


@app.middleware  # error
async def returns_a_code(request: WebSocketRequest, call_next: Next) -> int:
    return 1000


@app.middleware
async def goes_on(request: WebSocketRequest, call_next: Next) -> None:
    await call_next(request)  # error
    call_next()  # error: mypy, pyright, pyrefly


@app.error_handler(NoSuchRoom)  # error
def takes_another(error: KeyError) -> Close:
    return Close(4004)


@app.error_handler(NoSuchRoom)  # error
def takes_nothing() -> Close:
    return Close(4004)


@app.error_handler(NoSuchRoom)  # error
def returns_a_number(error: NoSuchRoom) -> int:
    return 4004


@app.error_handler(NoSuchRoom)  # error
async def is_async(error: NoSuchRoom) -> Close:
    return Close(4004)


@app.error_handler(NoSuchRoom())  # error
def is_of_an_instance(error: NoSuchRoom) -> Close:
    return Close(4004)


@app.error_handler(str)  # error
def is_of_no_exception(error: str) -> Close:
    return Close(4004)


@app.error_handler  # error
def is_of_nothing(error: NoSuchRoom) -> Close:
    return Close(4004)


class OnlyDecodes:
    def decoder(self, of: object) -> Callable[[str | bytes], object]:
        return str


app.websocket("/", codec=OnlyDecodes())  # error
app.websocket("/", codec=Json)  # error
app.websocket("/", codec="json")  # error
app.websocket("/", codec=Json(binary="yes"))  # error
app.websocket("/", codec=MessagePack(binary=True))  # error
app.websocket("/", auto_accept="no")  # error
app.websocket("/", expected_codes=1000)  # error
app.websocket("/", expected_codes=["1000"])  # error
app.websocket("/", True)  # error
app.websocket(b"/")  # error
app.websocket()  # error
