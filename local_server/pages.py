"""Pages of the documentation: Swagger UI and ReDoc, offline, with scripts from here alone."""

from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory

FOLDER = Path(str(files("resources"))) / "pages"
PREFIX = "/openapi"
# Both lay their pages out with inline styles; ReDoc searches in a worker that it makes of a blob.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
TEMPLATES = {
    "OPENAPI_HTML_STRING": "start.html",
    "SWAGGER_HTML_STRING": "swagger.html",
    "REDOC_HTML_STRING": "redoc.html",
}


def add_pages(app: Flask) -> None:
    """Give an app's documentation our pages, and each of its answers the policy for them."""
    for setting, name in TEMPLATES.items():
        app.config[setting] = (FOLDER / name).read_text(encoding="utf-8")
    pages = Blueprint("pages", __name__, url_prefix=f"{PREFIX}/pages")

    @pages.get("/<name>")
    def get_page(name: str) -> Response:
        """Return a script or a style sheet of the pages."""
        return send_from_directory(FOLDER, name)

    app.register_blueprint(pages)

    @app.after_request
    def set_policy(response: Response) -> Response:
        if request.path.startswith(f"{PREFIX}/"):
            response.headers["Content-Security-Policy"] = POLICY
        return response
