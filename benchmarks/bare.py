"""A bare Flask route, or bare live sockets, behind our HTTP server: the least that they cost."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

from flask import Flask, Response, request  # noqa: E402
from flask_socketio import SocketIO, emit  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

from local_server.http_handler import Handler  # noqa: E402
from local_server.serve import listen  # noqa: E402


def main(*, sockets: bool) -> None:
    """Serve until killed; the first line of output is the port."""
    app = Flask("bare")

    @app.get("/bare")
    def get_bare() -> Response:
        return Response('{"status":"ok"}', mimetype="application/json")

    if sockets:
        add_sockets(app)
    listener = listen(0)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    WSGIServer(listener, app, handler_class=Handler, log=None).serve_forever()


def add_sockets(app: Flask) -> None:
    """Let an app take Socket.IO connections, and tell all of them what is posted to it."""
    live = SocketIO(app, async_mode="gevent", serve_client=False)

    live.on_event("connect", lambda: emit("ready", {"last": 0}))

    @app.post("/tell")
    def tell() -> Response:
        live.emit("notice", request.get_json())
        return Response(status=204)


if __name__ == "__main__":
    main(sockets=sys.argv[1:] == ["sockets"])
