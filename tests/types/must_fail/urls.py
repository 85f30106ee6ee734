"""A route's url takes the parameters of its handler."""

from uuid import UUID

from anysocket import Application, Connection

app = Application()


@app.websocket("/chat/{room}")
async def chat(ws: Connection[str, str], room: int, *, since: str | None = None, user: UUID) -> None: ...


@app.websocket("/echo")
async def echo(ws: Connection[str, str]) -> None: ...


async def urls(user: UUID, ws: Connection[str, str], binary: Connection[bytes, bytes]) -> None:
    chat.url()  # error
    chat.url(room=1)  # error
    chat.url(user=user)  # error
    chat.url(room="1", user=user)  # error
    chat.url(room=1, user="ada")  # error
    chat.url(room=1, user=user, since=0)  # error
    chat.url(room=1, user=user, until="now")  # error
    chat.url(1, user)  # error
    chat.url(ws, room=1, user=user)  # error
    echo.url(1)  # error
    echo.url(room=1)  # error
    chat.url(room=1, user=user).decode()  # error
    chat.handler.url(room=1, user=user)  # error
    print(chat.pattern)  # error
    await echo()  # error
    await echo(binary)  # error
    await chat(ws, 1)  # error
    await chat(ws, "1", user=user)  # error
    echo(ws)  # error
