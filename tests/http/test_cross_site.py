"""No foreign web page can make a browser ask the gateway, unless its origin is allowed to."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from gateway.settings.load import SettingsError, load_settings

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

ASKED = "/graphql?query={__typename}"
FRIEND = "https://my.example.com"
STRANGER = "https://elsewhere.example.com"


@pytest.mark.parametrize(
    "header", ["graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"]
)
async def test_get_is_answered_with_a_header_that_browsers_ask_for_before(
    serve: Serve, header: str
) -> None:
    reply = await (await serve()).get(ASKED, headers={header: "1"})

    assert (reply.status_code, reply.json()["data"]) == (200, {"__typename": "Query"})


async def test_get_of_a_json_content_type_is_answered(serve: Serve) -> None:
    """Browsers ask before they send this type to another site, too."""
    reply = await (await serve()).get(ASKED, headers={"content-type": "application/json"})

    assert reply.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"graphql-require-preflight": ""}, {"accept": "*/*"}])
async def test_get_that_a_page_could_have_sent_is_refused(
    serve: Serve, headers: dict[str, str]
) -> None:
    reply = await (await serve()).get(ASKED, headers=headers)

    assert (reply.status_code, reply.headers["content-type"]) == (400, "application/problem+json")
    assert reply.json()["detail"].startswith("GET needs the header graphql-require-preflight")
    assert "GATEWAY_CSRF_PREVENTION" in reply.json()["detail"]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "message/x", "application/jsonp", ""],
)
async def test_get_of_any_other_content_type_is_refused_whatever_else_it_carries(
    serve: Serve, content_type: str
) -> None:
    headers = {"content-type": content_type, "graphql-require-preflight": "1"}

    reply = await (await serve()).get(ASKED, headers=headers)

    assert reply.status_code == 415


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
async def test_a_post_that_a_form_could_have_sent_is_refused(
    serve: Serve, content_type: str
) -> None:
    reply = await (await serve()).post(
        "/graphql",
        content='{"query": "{ __typename }"}',
        headers={"content-type": content_type, "graphql-require-preflight": "1"},
    )

    assert reply.status_code == 415


async def test_the_header_is_not_needed_where_the_setting_says_so(serve: Serve) -> None:
    reply = await (await serve({"GATEWAY_CSRF_PREVENTION": "false"})).get(ASKED)

    assert reply.status_code == 200


def preflight(origin: str) -> dict[str, str]:
    """Return what a browser asks with before it sends a query of a page."""
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }


async def test_no_origin_is_allowed_by_default(serve: Serve) -> None:
    gateway = await serve()
    asked = await gateway.options("/graphql", headers=preflight(FRIEND))
    sent = await gateway.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"origin": FRIEND}
    )

    assert asked.status_code == 405
    assert not any(name.startswith("access-control") for name in (*asked.headers, *sent.headers))


async def test_an_origin_that_is_listed_may_send_queries_and_read_the_replies(
    serve: Serve,
) -> None:
    gateway = await serve({"GATEWAY_CORS_ORIGINS": f'["{FRIEND}"]'})
    asked = await gateway.options("/graphql", headers=preflight(FRIEND))
    sent = await gateway.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"origin": FRIEND}
    )

    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == FRIEND
    assert asked.headers["access-control-allow-methods"] == "GET, POST"
    assert sent.headers["access-control-allow-origin"] == FRIEND
    assert "access-control-allow-credentials" not in asked.headers


async def test_an_origin_that_is_not_listed_is_told_nothing(serve: Serve) -> None:
    gateway = await serve({"GATEWAY_CORS_ORIGINS": f'["{FRIEND}"]'})
    asked = await gateway.options("/graphql", headers=preflight(STRANGER))
    sent = await gateway.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"origin": STRANGER}
    )

    assert asked.status_code == 400
    assert "access-control-allow-origin" not in {**asked.headers, **sent.headers}


@pytest.mark.parametrize("origin", ["*", "null", "https://a.example/path", "http://a.example"])
def test_an_origin_is_one_site(origin: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_CORS_ORIGINS"):
        load_settings({"GATEWAY_CORS_ORIGINS": f'["{origin}"]'})
