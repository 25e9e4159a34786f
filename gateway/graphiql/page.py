"""The GraphiQL page and its assets: one origin, a strict content security policy, no inline script.

Its bundle is built with Node. Without it, a small static page takes its place.
"""

import json
import os
import shlex
from html import escape
from pathlib import Path
from string import Template
from typing import Final, TypedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

from gateway.http.compression import codings
from gateway.http.header_fields import listed, matches_tag
from schema.variants import PLAIN, Variant

HERE: Final = Path(__file__).parent
DIST: Final = HERE / "dist"
TABS: Final = HERE / "tabs"

CONTENT_SECURITY_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # the editor writes its themes as style elements
    "font-src": "'self' data:",  # the fonts lie inside the style sheet
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

HEADERS: Final = {
    "content-security-policy": "; ".join(map(" ".join, CONTENT_SECURITY_POLICY.items())),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # names are stable, so every use asks again: a 304 when unchanged
}

# Named here because the operating system's table may be wrong, and a browser told not to sniff
# refuses a script of a wrong type.
MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
}

EXAMPLE_QUERY: Final = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "123456") { __typename } } }'

READY: Final = "The tabs are ready to run."
UNREADY: Final = "The tabs hold the sandbox's numbers: put in your own."


class Tab(TypedDict):
    """A ready tab: an operation, and its variables as JSON text, if any."""

    query: str
    variables: str | None


def ready_tabs(folder: Path = TABS, variant: Variant = PLAIN) -> list[Tab]:
    """Return the tabs of a new visitor, ordered by file name."""
    return [
        Tab(
            query=variant.document(query.read_text("utf-8").strip()),
            variables=variables.read_text("utf-8").strip() if variables.is_file() else None,
        )
        for query in sorted(folder.glob("*.graphql"))
        for variables in [query.with_suffix(".json")]
    ]


class Assets(StaticFiles):
    """Static files, sent compressed if a compressed sibling exists."""

    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the file, its compressed sibling, or 304 if it is unchanged."""
        request_headers = Headers(scope=scope)
        path = Path(full_path)
        headers = {**HEADERS, "vary": "accept-encoding"}
        sibling = path.with_name(f"{path.name}.gz")
        if sibling.is_file() and codings(request_headers).gzip:
            headers["content-encoding"] = "gzip"
            full_path, stat_result = sibling, sibling.stat()
        response = FileResponse(
            full_path,
            status_code=status_code,
            headers=headers,
            media_type=MEDIA_TYPES.get(path.suffix),
            stat_result=stat_result,
        )
        if self.is_not_modified(response.headers, request_headers):
            return NotModifiedResponse(response.headers)
        return response

    def is_not_modified(self, response_headers: Headers, request_headers: Headers) -> bool:
        """Whether the client has this version already."""
        if "if-none-match" in request_headers:
            return matches_tag(listed(request_headers, "if-none-match"), response_headers["etag"])
        return super().is_not_modified(response_headers, request_headers)


def graphiql_routes(
    *,
    endpoint: str,
    upstream: str,
    sandbox: bool,
    variant: Variant = PLAIN,
    bundle: Path = DIST,
) -> list[BaseRoute]:
    """Return the page at `/` and its assets under `/graphiql/`.

    Args:
        endpoint: the path of the GraphQL endpoint on this origin.
        upstream: the address of PayEx; the page shows its host alone.
        sandbox: whether the answers are the sandbox's.
        variant: the variant of the schema.
        bundle: the folder of the built page; if absent, a static page takes its place.
    """
    built = (bundle / "graphiql.js").is_file()
    shown = {
        "endpoint": escape(endpoint),
        "source_kind": "sandbox" if sandbox else "connected",
        "source": escape(_source(upstream, sandbox=sandbox)),
        "hint": READY if sandbox else UNREADY,
    }
    template = Template((HERE / ("index.html" if built else "unbuilt.html")).read_text("utf-8"))
    config = _embedded({"endpoint": endpoint, "tabs": ready_tabs(variant=variant)})

    async def page(request: Request) -> HTMLResponse:
        example = escape(_example(f"{str(request.base_url).rstrip('/')}{endpoint}"))
        return HTMLResponse(
            template.substitute(shown, config=config, example=example), headers=HEADERS
        )

    assets = Assets(directory=bundle if built else None, packages=[(__package__, "static")])
    return [Route("/", page, name="graphiql"), Mount("/graphiql", assets, name="graphiql-assets")]


def _source(upstream: str, *, sandbox: bool) -> str:
    if sandbox:
        return "Sandbox: invented data, no PayEx connected"
    return f"Connected to {urlsplit(upstream).hostname or 'an upstream without a host'}"


def _embedded(value: object) -> str:
    """Return JSON that cannot end the script element around it."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _example(address: str) -> str:
    body = json.dumps({"query": EXAMPLE_QUERY})
    return (
        f"curl {shlex.quote(address)} \\\n"
        f"  --header 'content-type: application/json' \\\n"
        f"  --data {shlex.quote(body)}"
    )
