"""The dispatch by type of Django Channels outside, Django and anysocket inside."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

from .sockets import sockets

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.frameworks.apps.django_settings"

app = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets, "lifespan": sockets})
