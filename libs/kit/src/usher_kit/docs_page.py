"""/docs: the interactive documentation, served from an installed package; a deployment may have no way out to a CDN."""

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/docs-assets"
PACKAGE = ("fastapi_swagger", "resources")


def add_docs_page(app: FastAPI) -> None:
    """Serve /docs and its assets, under whatever path a proxy puts before them."""
    app.mount(ASSETS, StaticFiles(packages=[PACKAGE]), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "").rstrip("/")
        return get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{ASSETS}/favicon-32x32.png",
        )
