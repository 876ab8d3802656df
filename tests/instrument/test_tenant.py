import base64
import json
import re
import threading
from contextvars import copy_context
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage, context
from opentelemetry.baggage.propagation import W3CBaggagePropagator

from codeops.core.errors import InvalidValue
from codeops.instrument import guard, network, tenant
from codeops.instrument.tenant import Tenant
from codeops.instrument.tenant.claim import claim_of


@pytest.fixture(autouse=True)
def _no_tenant():
    yield
    tenant.configure(None)
    network.configure(None)


def found(setting, headers=None, request=None):
    """The tenant of one request with such headers."""
    tenant.configure(setting)
    token = tenant.entered((headers or {}).get, request)
    try:
        return tenant.current()
    finally:
        tenant.left(token)


def token(claims):
    parts = [{"alg": "RS256"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


# where it is found


def test_without_a_setting_nobody_has_a_tenant():
    assert found(None, {"x-tenant": "acme"}) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("acme", "acme"),
        ("  acme\t", "acme"),
        ("", None),
        ("   ", None),
        ("\x00\r\n", None),
        ("ac\x1bme\x7f", "acme"),  # control characters would end up in terminals and logs
        ("a\u202eb", "ab"),  # and so would a change of direction
        ("a b", "a b"),
        ("x" * 128, "x" * 128),
        ("x" * 129, "x" * 128),
        ("x" * 100_000, "x" * 128),
        ("\x00" * 600 + "acme", None),  # rubbish first: no work is done for it
        ("müller".encode().decode("latin-1"), "müller"),  # servers hand over each byte as one character
        ("m\xfcller", "müller"),  # a byte that is no UTF-8
    ],
)
def test_the_header_is_cleaned_and_bounded(value, expected):
    assert found(Tenant(header="X-Tenant"), {"x-tenant": value}) == expected


def test_the_first_source_that_knows_wins():
    setting = Tenant(header="x-tenant", claim="t", call=lambda _: "of-call", trust_baggage=True)
    headers = {"x-tenant": "of-header", "authorization": f"Bearer {token({'t': 'of-claim'})}", "baggage": "tenant.id=of-baggage"}
    found_in_order = []

    for name in ("x-tenant", "authorization"):
        found_in_order.append(found(setting, headers))
        del headers[name]
    found_in_order += [found(setting, headers), found(Tenant(header="x-tenant", trust_baggage=True), headers)]

    assert found_in_order == ["of-header", "of-claim", "of-call", "of-baggage"]


def test_a_callable_sees_the_request_and_may_answer_with_a_number():
    assert found(Tenant(call=itemgetter("path")), request={"path": "acme"}) == "acme"
    assert found(Tenant(call=lambda _: 42)) == "42"
    assert found(Tenant(call=lambda _: None)) is None


def test_a_callable_that_fails_is_told_once_and_gives_no_tenant(monkeypatch):
    monkeypatch.setattr(guard, "strict", False)
    monkeypatch.setattr(guard, "_causes", set())
    monkeypatch.setattr(guard, "problems", [])

    assert found(Tenant(call=lambda _: 1 / 0)) is None
    assert found(Tenant(call=lambda _: 1 / 0, required=True)) == "(missing)"
    assert [type(problem) for problem in guard.problems][:1] == [ZeroDivisionError]


def test_a_required_tenant_that_is_missing_has_a_name():
    assert found(Tenant(header="x-tenant", required=True)) == "(missing)"
    assert found(Tenant(header="x-tenant"), {}) is None


# JSON Web Tokens


@pytest.mark.parametrize(
    ("claims", "name", "expected"),
    [
        ({"tenant": "acme"}, "tenant", "acme"),
        ({"tenant": 42}, "tenant", "42"),
        ({"org": {"id": "acme"}}, "org.id", "acme"),
        ({"https://example.com/tenant": "acme"}, "https://example.com/tenant", "acme"),  # its own dots
        ({"org.id": "a", "org": {"id": "b"}}, "org.id", "a"),
        ({"org": {"id": {"x": 1}}}, "org.id", None),
        ({"org": "acme"}, "org.id", None),
        ({"tenant": ["a", "b"]}, "tenant", None),
        ({"tenant": True}, "tenant", None),
        ({"tenant": None}, "tenant", None),
        ({}, "tenant", None),
        (["tenant"], "tenant", None),
    ],
)
def test_a_claim_is_read(claims, name, expected):
    assert claim_of(f"Bearer {token(claims)}", name) == expected


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer a.b.c.d.e",  # encrypted
        "Basic dXNlcjpwYXNzd29yZA==",
        "Bearer a.é.c",
        "Bearer a." + base64.urlsafe_b64encode(b"{").decode() + ".c",
        "Bearer a." + base64.urlsafe_b64encode(b"\xff\xfe").decode() + ".c",
        "Bearer a." + base64.urlsafe_b64encode(b'{"t":' * 2000).decode() + ".c",  # deeper than the stack
        "Bearer a." + base64.urlsafe_b64encode(b'{"t":' + b"1" * 5000 + b"}").decode() + ".c",  # a number of 5,000 digits
        "Bearer a." + base64.urlsafe_b64encode(b'{"t":"' + b"x" * 20_000 + b'"}').decode() + ".c",
    ],
)
def test_a_token_that_cannot_be_read_names_nobody(authorization):
    assert claim_of(authorization, "t") is None


def test_the_scheme_is_read_in_any_case():
    assert claim_of(f"bearer {token({'t': 'acme'})}", "t") == "acme"


@given(st.text(max_size=200))
def test_no_token_is_too_strange(text):
    encoded = base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode()

    found = [claim_of(f"Bearer {token}", "t") for token in (text, f"a.{text}.c", f"a.{encoded}.c")]

    assert found == [None, None, None], "no text of this kind holds the claim"


# on its way through the program


def carried(members=""):
    """The members of baggage that leave a program which received `members`, with what OpenTelemetry does in between."""
    extracted = W3CBaggagePropagator().extract({"baggage": members} if members else {}, context.Context())
    headers = {}
    W3CBaggagePropagator().inject(headers, tenant.carried(extracted))
    return set(filter(None, headers.get("baggage", "").split(",")))


@pytest.mark.parametrize(
    ("headers", "setting", "left"),
    [
        ({}, Tenant(), set()),
        ({"x-tenant": "acme"}, Tenant(header="x-tenant"), {"tenant.id=acme"}),
        ({"x-tenant": "acme", "baggage": "a=1,b=2"}, Tenant(header="x-tenant"), {"tenant.id=acme", "a=1", "b=2"}),
        ({"x-tenant": "acme", "baggage": "tenant.id=rival,a=1"}, Tenant(header="x-tenant"), {"tenant.id=acme", "a=1"}),
        ({"x-tenant": "acme", "baggage": "tenant.id=acme"}, Tenant(header="x-tenant"), {"tenant.id=acme"}),
        # not believed, it goes no further: services behind this one may believe what comes from it
        ({"baggage": "tenant.id=rival,a=1"}, Tenant(header="x-tenant"), {"a=1"}),
        ({"baggage": "tenant.id=rival,tenant.id=other"}, Tenant(), set()),
        ({"baggage": "tenant%2Eid=rival"}, Tenant(), set()),
        ({"baggage": "tenant.id = rival ;p=1,a=1"}, Tenant(required=True), {"a=1"}),
        ({"baggage": "tenant.id=acme,a=1"}, Tenant(trust_baggage=True), {"tenant.id=acme", "a=1"}),
        ({"baggage": "tenant.id=acme;p=1"}, Tenant(trust_baggage=True), {"tenant.id=acme"}),
        ({"baggage": "tenant.id=a%20%C3%BC"}, Tenant(trust_baggage=True), {"tenant.id=a+%C3%BC"}),
        ({"x-tenant": "acme", "baggage": "tenant.id=rival"}, Tenant(header="x-tenant", baggage=False), set()),
        ({}, Tenant(required=True), set()),  # "(missing)" is a label, not a tenant
    ],
)
def test_what_leaves_is_the_tenant_that_was_found_and_everything_else_as_it_came(headers, setting, left):
    tenant.configure(setting)
    token = tenant.entered(headers.get, {})

    assert carried(headers.get("baggage", "")) == left

    tenant.left(token)


def test_a_context_in_which_nothing_is_to_be_done_stays_the_same_object():
    tenant.configure(Tenant(header="x-tenant", required=True))
    empty = context.Context()
    assert tenant.carried(empty) is empty  # no request

    token = tenant.entered({"x-tenant": "acme"}.get, {})
    once = tenant.carried(empty)
    below = context.set_value("span", object(), once)
    assert once is not empty
    assert tenant.carried(once) is once
    assert tenant.carried(below) is below
    tenant.left(token)

    token = tenant.entered({}.get, {})
    assert tenant.carried(empty) is empty
    assert tenant.carried(empty) is empty
    tenant.left(token)


def test_a_tenant_that_the_program_puts_into_the_baggage_stays():
    tenant.configure(Tenant(header="x-tenant"))
    token = tenant.entered({"x-tenant": "acme"}.get, {})
    chosen = baggage.set_baggage("tenant.id", "another", tenant.carried(context.Context()))

    assert tenant.carried(chosen) is chosen
    tenant.left(token)


def test_a_request_ends_also_in_another_context_than_it_began_in():
    tenant.configure(Tenant(header="x-tenant"))
    tokens = []
    copy_context().run(lambda: tokens.append(tenant.entered({"x-tenant": "acme"}.get, {})))

    tenant.left(tokens[0])

    assert tenant.current() is None


def test_a_thread_of_its_own_works_for_nobody():
    tenant.configure(Tenant(header="x-tenant"))
    token = tenant.entered({"x-tenant": "acme"}.get, {})
    seen = []

    thread = threading.Thread(target=lambda: seen.append(tenant.current()))
    thread.start()
    thread.join()

    assert (seen, tenant.current()) == ([None], "acme")
    tenant.left(token)


# whom it is told


@pytest.mark.parametrize(
    ("host", "is_foreign"),
    [
        ("example.com", True),
        ("api.example.org", False),
        ("API.Example.ORG:443", False),
        ("a.api.example.org", True),  # an exact name
        ("x.example.net", False),
        ("x.y.example.net", False),
        ("example.net", True),  # a suffix is not the name itself
        ("notexample.net", True),
        ("example.net.evil.com", True),
        ("evil.com/x.example.net", True),  # no host, whatever a client makes of it
        ("evil.com#.example.net", True),
        (f"{'a' * 243}.example.netevil.com", True),  # longer than a name can be
        ("10.0.0.1", False),
        ("db", False),
        ("8.8.8.8", True),
        ("134744072", True),  # 8.8.8.8 in disguise
        ("", True),
    ],
)
def test_hosts_outside_of_the_configured_domains_and_networks_are_foreign(host, is_foreign):
    tenant.configure(Tenant(domains=("api.example.org", "*.example.net")))

    assert tenant.is_foreign(host) == is_foreign
    assert tenant.stripped(host, "tenant.id=acme") == (None if is_foreign else "tenant.id=acme")


def test_internal_hosts_can_be_foreign_by_configuration():
    tenant.configure(Tenant(domains=("db",), internal=False))

    assert tenant.is_foreign("10.0.0.1")
    assert not tenant.is_foreign("db")


def test_networks_configured_later_count_too():
    tenant.configure(Tenant())
    assert tenant.is_foreign("203.0.113.9")

    network.configure({"203.0.113.0/24": "inter-region"})

    assert not tenant.is_foreign("203.0.113.9")


def test_without_a_setting_no_header_is_touched():
    tenant.configure(None)

    assert tenant.stripped("example.com", "tenant.id=acme") == "tenant.id=acme"
    assert not tenant.is_foreign("example.com")


@pytest.mark.parametrize(
    ("header", "left"),
    [
        ("tenant.id=acme", None),
        ("tenant.id=acme,", None),
        (" tenant.id = acme ", None),
        ("tenant.id=acme,a=1", "a=1"),
        ("tenant.id=acme, a=1", "a=1"),
        ("a=1,tenant.id=acme", "a=1"),
        ("a=1, tenant.id=acme;p=1;q, b=2", "a=1, b=2"),
        ("a=1,tenant.id=acme,tenant.id=other,b=2", "a=1,b=2"),
        ("a=1 , b = 2;x=y ,c=%20", "a=1 , b = 2;x=y ,c=%20"),
        ("tenant.ids=1,xtenant.id=2,tenant-id=3", "tenant.ids=1,xtenant.id=2,tenant-id=3"),
        ("a=tenant.id=acme", "a=tenant.id=acme"),  # a value may contain it
        ("tenant.id", "tenant.id"),  # no member at all
        ("", ""),
    ],
)
def test_only_our_member_is_taken_out_of_the_header(header, left):
    tenant.configure(Tenant())

    assert tenant.stripped("example.com", header) == left
    assert tenant.stripped("example.com", header.encode()) == (left.encode() if left is not None else None)
    assert tenant.stripped("example.com", None) is None
    assert tenant.stripped("db", header) is header


KEYS = st.text("abcdefgh.-", min_size=1, max_size=8).filter(lambda key: key != "tenant.id")
MEMBERS = st.builds("{}{}={}{}".format, st.sampled_from(["", " ", "\t"]), KEYS, st.text("ab%;= 12", max_size=6), st.sampled_from(["", " "]))


@given(st.lists(MEMBERS, max_size=6), st.integers(0, 6), st.sampled_from(["tenant.id=acme", " tenant.id = x;p=1 ", "tenant.id="]))
def test_all_other_members_stay_byte_for_byte(members, place, ours):
    tenant.configure(Tenant())
    header = ",".join([*members[:place], ours, *members[place:]])

    left = tenant.stripped("example.com", header)

    assert (left or "").strip() == ",".join(members).strip()
    assert "tenant.id" not in (left or "")


def test_a_header_left_whole_would_be_noticed():
    """Negative control: a foreign host that is mistaken for an own one is told the tenant."""
    tenant.configure(Tenant(domains=("example.com",)))

    assert tenant.stripped("example.com", "tenant.id=acme,a=1") != "a=1"


@given(st.text(max_size=100))
def test_no_header_is_too_strange(header):
    tenant.configure(Tenant(trust_baggage=True, required=True))
    left = tenant.stripped("example.com", header)
    found = []
    for members in (header, f"tenant.id={header}"):
        token = tenant.entered({"baggage": members}.get, {})
        found.append(tenant.current())
        tenant.left(token)

    assert left is None or (len(left) <= len(header) and "tenant.id=" not in re.sub(r"\s", "", left))
    assert all(name and len(name) <= 128 and name.isprintable() for name in found)
    assert tenant.current() is None


# settings


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ({"header": ""}, "header='tenant'"),
        ({"header": "x tenant"}, "name alone"),
        ({"header": "x-tenant: acme"}, "name alone"),
        ({"header": 7}, "header='tenant'"),
        ({"claim": " "}, "claim='tenant'"),
        ({"call": "acme"}, "plain function"),
        ({"domains": "example.com"}, "('example.com',)"),
        ({"domains": ("https://example.com",)}, "without scheme"),
        ({"domains": ("example.com:443",)}, "without scheme"),
        ({"domains": (7,)}, "without scheme"),
    ],
)
def test_a_setting_that_means_nothing_is_refused(given, fix):
    with pytest.raises(InvalidValue) as caught:
        Tenant(**given)

    assert fix in caught.value.fix


def test_a_coroutine_function_is_refused_as_callable():
    async def call(_request):  # ruff: ignore[unused-async] - ASGI awaits it
        return "acme"

    with pytest.raises(InvalidValue, match="is not a setting call"):
        Tenant(call=call)


def test_only_a_tenant_setting_configures():
    with pytest.raises(InvalidValue, match="is not a tenant setting"):
        tenant.configure("x-tenant")


def test_every_setting_is_explained_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "tenants.md").read_text()

    assert not [name for name in Tenant.__dataclass_fields__ if f"`{name}`" not in page]
