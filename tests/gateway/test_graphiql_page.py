"""What the GraphiQL page promises to a browser, without one."""

import gzip
import html
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import OperationDefinitionNode, parse
from starlette.applications import Starlette

from gateway.graphiql.page import graphiql_routes, ready_tabs

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; img-src 'self' data:; connect-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SCRIPT = "// a script\n" * 2000

Visit = Callable[..., httpx.AsyncClient]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder that looks like the built page."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "graphiql.js").write_text(SCRIPT)
    (folder / "graphiql.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (folder / "codicon.ttf").write_bytes(b"a font")
    (tmp_path / "secret.txt").write_text("outside of the bundle")
    return folder


@pytest.fixture
def visit(bundle: Path) -> Visit:
    """Opens a client of the page, made with these options."""

    def open_client(**options: Any) -> httpx.AsyncClient:
        given = {
            "endpoint": "/graphql",
            "upstream": "https://lf-api.payex.com",
            "sandbox": False,
            "bundle": bundle,
            **options,
        }
        app = Starlette(routes=graphiql_routes(**given))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://localhost:8000",
            headers={"accept-encoding": "identity"},
        )

    return open_client


def config_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="graphiql-config">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def example_of(page: str) -> str:
    found = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


@pytest.mark.parametrize("path", ["/", "/graphiql/graphiql.js", "/graphiql/page.css"])
async def test_every_answer_carries_the_strict_policy(visit: Visit, path: str) -> None:
    answer = await visit().get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("built", [True, False])
async def test_nothing_on_the_page_is_inline_or_foreign(
    visit: Visit, tmp_path: Path, built: bool
) -> None:
    options = {} if built else {"bundle": tmp_path / "absent"}
    page = (await visit(**options).get("/")).text
    scripts = re.findall(r"<script[^>]*>", page)
    assert all(" src=" in tag or "application/json" in tag for tag in scripts)
    assert "<style" not in page
    assert not re.search(r"<[^>]+ (style|on\w+)=", page)
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    assert all(address.startswith("graphiql/") for address in addresses)


async def test_the_page_is_told_its_endpoint_and_its_tabs(visit: Visit) -> None:
    config = config_of((await visit().get("/")).text)
    assert config == {"endpoint": "/graphql", "tabs": ready_tabs()}


async def test_no_content_ends_the_configuration_early(visit: Visit) -> None:
    endpoint = "/</script><script>alert(1)</script><!--&amp;\u2028"
    page = (await visit(endpoint=endpoint).get("/")).text
    assert config_of(page)["endpoint"] == endpoint
    assert "alert(1)</script>" not in page
    assert "<script>" not in page


async def test_the_banner_says_that_sandbox_data_are_invented(visit: Visit) -> None:
    page = (await visit(sandbox=True, upstream="http://sandbox.localhost").get("/")).text
    assert "Sandbox: invented data, no PayEx connected" in page
    assert "sandbox.localhost" not in page


async def test_the_banner_names_the_host_of_the_upstream_and_nothing_else(
    visit: Visit,
) -> None:
    upstream = "https://someone:secret@lf-api.payex.com:8443/billing?key=secret"
    page = (await visit(upstream=upstream).get("/")).text
    assert "Connected to lf-api.payex.com<" in page
    assert "secret" not in page
    assert "invented" not in page


@pytest.mark.parametrize("place", range(len(ready_tabs())))
def test_a_ready_tab_is_one_named_operation_with_the_variables_it_asks_for(place: int) -> None:
    tab = ready_tabs()[place]
    assert tab["query"].startswith("#"), "a comment explains the tab"
    operations = [
        node
        for node in parse(tab["query"]).definitions
        if isinstance(node, OperationDefinitionNode)
    ]
    assert len(operations) == 1
    assert operations[0].name, "the name is the title of the tab"
    asked = {variable.variable.name.value for variable in operations[0].variable_definitions or ()}
    assert asked == set(json.loads(tab["variables"] or "{}"))


def test_tabs_are_ordered_by_file_name_and_need_no_variables(tmp_path: Path) -> None:
    (tmp_path / "02-second.graphql").write_text("query Second { b }\n")
    (tmp_path / "01-first.graphql").write_text("query First { a }\n")
    (tmp_path / "01-first.json").write_text('{"a": 1}\n')
    assert ready_tabs(tmp_path) == [
        {"query": "query First { a }", "variables": '{"a": 1}'},
        {"query": "query Second { b }", "variables": None},
    ]


async def test_without_the_bundle_a_page_says_what_is_missing(visit: Visit, tmp_path: Path) -> None:
    client = visit(bundle=tmp_path / "absent")
    answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert "Node 20" in answer.text
    assert "make run" in answer.text
    assert "POST /graphql" in answer.text
    assert (await client.get("/graphiql/page.css")).status_code == 200
    assert (await client.get("/graphiql/graphiql.js")).status_code == 404


async def test_the_example_without_the_bundle_can_be_pasted_into_a_shell(
    visit: Visit, tmp_path: Path
) -> None:
    example = example_of((await visit(bundle=tmp_path / "absent").get("/")).text)
    command, address, *options = shlex.split(example.replace("\\\n", ""))
    assert command == "curl"
    assert address == "http://localhost:8000/graphql"
    given = dict(zip(options[::2], options[1::2], strict=True))
    assert given["--header"] == "content-type: application/json"
    parse(json.loads(given["--data"])["query"])


@pytest.mark.parametrize("host", ["a$(touch", "a$(touch b)<script>"])
async def test_a_host_header_slips_nothing_into_the_example(
    visit: Visit, tmp_path: Path, host: str
) -> None:
    page = (await visit(bundle=tmp_path / "absent").get("/", headers={"host": host})).text
    assert "<script>" not in page
    assert "$(" not in re.sub(r"'[^']*'", "", example_of(page))


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("br;q=1.0, GZIP;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000, br", None),
        ("br", None),
        ("", None),
    ],
)
async def test_the_compressed_sibling_goes_to_who_accepts_it(
    visit: Visit, accepted: str, encoding: str | None
) -> None:
    answer = await visit().get("/graphiql/graphiql.js", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.text == SCRIPT
    assert (int(answer.headers["content-length"]) < len(SCRIPT)) == (encoding == "gzip")


async def test_a_file_without_a_sibling_goes_out_as_it_is(visit: Visit) -> None:
    answer = await visit().get("/graphiql/codicon.ttf", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "font/ttf"
    assert answer.content == b"a font"


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
async def test_an_unchanged_asset_is_not_sent_again(visit: Visit, accepted: str) -> None:
    client = visit()
    headers = {"accept-encoding": accepted}
    first = await client.get("/graphiql/graphiql.js", headers=headers)
    again = await client.get(
        "/graphiql/graphiql.js", headers={**headers, "if-none-match": first.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""


async def test_the_two_encodings_have_two_etags(visit: Visit) -> None:
    client = visit()
    tags = {
        (await client.get("/graphiql/graphiql.js", headers={"accept-encoding": accepted})).headers[
            "etag"
        ]
        for accepted in ("gzip", "identity")
    }
    assert len(tags) == 2


@pytest.mark.parametrize("path", ["/", "/graphiql/graphiql.js"])
async def test_head_tells_the_length_and_sends_nothing(visit: Visit, path: str) -> None:
    client = visit()
    body = await client.get(path)
    head = await client.head(path)
    assert head.status_code == 200
    assert head.headers["content-length"] == body.headers["content-length"]
    assert head.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    "path",
    [
        "/graphiql/unknown.js",
        "/graphiql/",
        "/graphiql/../secret.txt",
        "/graphiql/%2e%2e/secret.txt",
        "/graphiql/%2e%2e%2fsecret.txt",
        "/graphiql/..%5csecret.txt",
        "/graphiql//etc/passwd",
        "/graphiql/page.py",
        "/graphiql/%00",
    ],
)
async def test_nothing_outside_of_the_bundle_is_served(visit: Visit, path: str) -> None:
    assert (await visit().get(path)).status_code == 404


async def test_the_page_takes_no_posts(visit: Visit) -> None:
    assert (await visit().post("/")).status_code == 405
    assert (await visit().post("/graphiql/graphiql.js")).status_code == 405
