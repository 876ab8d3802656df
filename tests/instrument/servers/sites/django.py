import asyncio
import logging

import django
from django.conf import settings
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path
from sites.content import BIG, FILE, TEXT, endless, leaving, stream


def plain(_):
    return HttpResponse(TEXT, headers={"x-own": "a"}, content_type="text/plain")


def item(_, number):
    response = JsonResponse({"id": number})
    response.set_cookie("seen", number, max_age=60)
    return response


def empty(_):
    return HttpResponse(status=204)


def unchanged(_):
    return HttpResponse(status=304, headers={"etag": '"1"'})


def big(_):
    return HttpResponse(BIG)


def streamed(_):
    return StreamingHttpResponse(stream())


def file(_):
    return FileResponse(FILE.open("rb"))


async def _asynchronous(parts):
    try:
        for part in parts:
            await asyncio.sleep(0.001)
            yield part
    finally:
        parts.close()


def unending(request):
    return StreamingHttpResponse(_asynchronous(endless()) if hasattr(request, "scope") else endless())


def left(_):
    return JsonResponse(leaving())


def away(_):
    return HttpResponseRedirect("/plain")


def fail(_):
    raise ValueError("on purpose")


urlpatterns = [
    path("plain", plain),
    path("items/<id>", lambda request, **match: item(request, match["id"])),
    path("empty", empty),
    path("unchanged", unchanged),
    path("big", big),
    path("stream", streamed),
    path("file", file),
    path("endless", unending),
    path("leaving", left),
    path("away", away),
    path("fail", fail),
]
settings.configure(ROOT_URLCONF="sites.django", ALLOWED_HOSTS=["*"], SECRET_KEY="x", LOGGING_CONFIG=None, MIDDLEWARE=[])
logging.disable(logging.CRITICAL)
django.setup()


def __getattr__(name):
    if name != "app":
        raise AttributeError(name)
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()
