from flask import Flask, Response, redirect, send_file
from sites.content import BIG, FILE, TEXT, endless, leaving, stream

app = Flask(__name__)


@app.get("/plain")
def plain():
    return Response(TEXT, headers={"x-own": "a"}, mimetype="text/plain")


@app.get("/items/<id>")
def item(**match):
    return match


@app.get("/empty")
def empty():
    return Response(status=204)


@app.get("/unchanged")
def unchanged():
    return Response(status=304, headers={"etag": '"1"'})


@app.get("/big")
def big():
    return Response(BIG)


@app.get("/stream")
def streamed():
    return Response(stream())


@app.get("/file")
def file():
    response = send_file(FILE, mimetype="text/plain")
    del response.headers["date"]  # left to the server, as everywhere here
    return response


@app.get("/endless")
def unending():
    return Response(endless())


@app.get("/leaving")
def left():
    return leaving()


@app.get("/away")
def away():
    return redirect("/plain")


@app.get("/fail")
def fail():
    raise ValueError("on purpose")
