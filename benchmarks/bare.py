"""A bare Flask route behind our HTTP server: what a call costs at the least."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

from flask import Flask, Response  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

from local_server.http_handler import Handler  # noqa: E402
from local_server.serve import listen  # noqa: E402


def main() -> None:
    """Serve until killed; the first line of output is the port."""
    app = Flask("bare")

    @app.get("/bare")
    def get_bare() -> Response:
        return Response('{"status":"ok"}', mimetype="application/json")

    listener = listen(0)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    WSGIServer(listener, app, handler_class=Handler, log=None).serve_forever()


if __name__ == "__main__":
    main()
