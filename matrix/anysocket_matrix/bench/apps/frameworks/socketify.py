"""socketify, which has an event loop of its own; as a program it serves on a port."""

import sys

from socketify import App, CompressOptions, OpCode

TEXT = "x" * 32

_OFF = {"compression": CompressOptions.DISABLED}


def _echo(ws: object, message: str, opcode: int) -> None:
    ws.send(message, opcode)


def _push(ws: object, message: str, opcode: int) -> None:
    for _ in range(int(message)):
        ws.send(TEXT, OpCode.TEXT)


def main(port: int) -> None:
    """Serve until the process is ended."""
    app = App()
    app.ws("/push", {**_OFF, "message": _push})
    app.ws("/connect/*", {**_OFF, "open": lambda ws: ws.end(1000, ""), "message": _echo})
    app.ws("/*", {**_OFF, "message": _echo})
    app.listen(port)
    app.run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
