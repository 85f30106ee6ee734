"""FastAPI's own application, without normalise."""

from fastapi import FastAPI
from tests.frameworks.apps.unmodified import starlette

app = FastAPI()
app.websocket("/echo")(starlette.echo)
app.websocket("/deny")(starlette.deny)
