"""Django Channels: an echo, and the chat of its tutorial (https://channels.readthedocs.io/en/latest/tutorial/)."""

import json
import os

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

from anysocket_adapters import normalise

ends: list[object] = []

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.frameworks.apps.django_settings"
django.setup()


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data, bytes_data=bytes_data)


class UntilTheEnd(AsyncWebsocketConsumer):
    async def disconnect(self, code: int) -> None:
        ends.append(code)


class Deny(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.close()


class Fail(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        raise LookupError("no database")


class Leave(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        await self.close()


class Chat(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.room = f"chat_{self.scope['url_route']['kwargs']['room']}"
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive(self, text_data: str) -> None:
        message = json.loads(text_data)["message"]
        await self.channel_layer.group_send(self.room, {"type": "chat.message", "message": message})

    async def chat_message(self, event: dict[str, str]) -> None:
        await self.send(text_data=json.dumps({"message": event["message"]}))


app = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter(
            [
                path("echo", Echo.as_asgi()),
                path("binary", Echo.as_asgi()),
                path("until_the_end", UntilTheEnd.as_asgi()),
                path("deny", Deny.as_asgi()),
                path("fail", Fail.as_asgi()),
                path("leave", Leave.as_asgi()),
                path("chat/<room>", Chat.as_asgi()),
            ]
        ),
    }
)
app = normalise(app)
