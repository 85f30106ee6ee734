"""Close codes that may not be sent."""

from anysocket import ApplicationCode, Close, CloseCode, Connection


async def closes(ws: Connection[str, str], code: int) -> None:
    await ws.close(999)  # error
    await ws.close(1004)  # error
    await ws.close(1005)  # error
    await ws.close(1006)  # error
    await ws.close(1015)  # error
    await ws.close(4003)  # error
    await ws.close(5000)  # error
    await ws.close("1000")  # error
    await ws.close(code)  # error
    await ws.close(CloseCode.NO_STATUS_RCVD)  # error
    await ws.close(CloseCode.ABNORMAL_CLOSURE)  # error
    await ws.close(CloseCode.TLS_HANDSHAKE)  # error
    await ws.close(CloseCode.NORMAL)  # error
    await ws.close(CloseCode)  # error
    await ws.close(Close(1000))  # error
    await ws.close(1000, 1)  # error
    await ws.close(1000, "bye", True)  # error
    await ws.close(once="yes")  # error
    await ws.close(ApplicationCode("4003"))  # error
    await ws.close(ApplicationCode)  # error
    print(ws.code + 1)  # error
    ws.code = 1000  # error
