# ruff: file-ignore[unused-async] - ASGI awaits every function
import asyncio

from sites.content import BIG, FILE, TEXT, endless, leaving, stream
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route


async def plain(_):
    return Response(TEXT, headers={"x-own": "a"}, media_type="text/plain")


async def item(request):
    return JSONResponse({"id": request.path_params["id"]})


async def empty(_):
    return Response(status_code=204)


async def unchanged(_):
    return Response(status_code=304, headers={"etag": '"1"'})


async def big(_):
    return Response(BIG)


async def streamed(_):
    return StreamingResponse(stream())


async def file(_):
    return FileResponse(FILE)


async def unending(_):
    return StreamingResponse(_asynchronous(endless()))


async def _asynchronous(parts):
    try:
        for part in parts:
            await asyncio.sleep(0.001)
            yield part
    finally:
        parts.close()


async def left(_):
    return JSONResponse(leaving())


async def away(_):
    return RedirectResponse("/plain")


async def fail(_):
    raise ValueError("on purpose")


ROUTES = [
    Route("/plain", plain),
    Route("/items/{id}", item),
    Route("/empty", empty),
    Route("/unchanged", unchanged),
    Route("/big", big),
    Route("/stream", streamed),
    Route("/file", file),
    Route("/endless", unending),
    Route("/leaving", left),
    Route("/away", away),
    Route("/fail", fail),
]
app = Starlette(routes=[*ROUTES, Mount("/{shop}", routes=ROUTES)])
