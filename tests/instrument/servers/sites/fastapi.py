from fastapi import FastAPI, Request
from sites import starlette

app = FastAPI()


def add(path, endpoint):
    async def answer(request: Request):
        return await endpoint(request)

    app.add_api_route(path, answer, response_model=None, methods=["GET", "HEAD"])


for route in starlette.ROUTES:
    add(route.path, route.endpoint)
