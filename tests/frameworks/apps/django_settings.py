"""A Django project for the modules here that need one; a process can only have one."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

ALLOWED_HOSTS = ["*"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
ROOT_URLCONF = __name__
SECRET_KEY = "a secret"


async def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse("started")  # there is no lifespan that could set it


async def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body or "a page")


urlpatterns = [path("", index), path("page", page)]
