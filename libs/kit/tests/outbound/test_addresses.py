"""Which addresses a configured URL may lead to, in every form that one can be written in."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_kit.outbound.addresses import INWARD, Allowed, MisnamedError, Place, is_public, may_reach
from usher_kit.settings import ServiceSettings

NETWORKS = [ip_network(block) for block in INWARD]
V4_BLOCKS = [network for network in NETWORKS if network.version == 4]

inward_v4 = st.sampled_from(V4_BLOCKS).flatmap(lambda block: st.ip_addresses(network=block))
inward_v6 = st.sampled_from([one for one in NETWORKS if one.version == 6]).flatmap(
    lambda block: st.ip_addresses(network=block)
)


@given(inward_v4)
def test_no_inward_address_is_public_in_any_of_its_forms(address: IPv4Address) -> None:
    assert not is_public(address)
    assert not is_public(IPv6Address(f"::ffff:{address}"))
    assert not is_public(IPv6Address(f"64:ff9b::{address}"))
    assert not is_public(IPv6Address(f"::{address}"))
    assert not is_public(IPv6Address((0x2002 << 112) | (int(address) << 80)))
    assert not is_public(IPv6Address((0x20010000 << 96) | (int(address) ^ 0xFFFFFFFF)))


@given(st.ip_addresses(v=4))
def test_what_the_standard_library_calls_private_is_not_public(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_link_local:
        assert not is_public(address)


@given(st.ip_addresses(v=6) | inward_v6)
def test_of_ipv6_only_global_unicast_is_public(address: IPv6Address) -> None:
    if is_public(address) and address not in ip_network("64:ff9b::/96") and address.ipv4_mapped is None:
        assert address.is_global
        assert address in ip_network("2000::/3")
        assert not any(address in block for block in NETWORKS)


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "fd00:ec2::254",
        "168.63.129.16",
        "100.100.100.200",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "fec0::1",
    ],
)
def test_metadata_and_loopback_are_inward(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1.0x0/",
        "https://user@example.org/",
        "https://example.org:80@127.0.0.1/",
        "https://127.0.0.1\\@example.org/",
        "https:///path",
        "https://exa mple.org/",
        "https://example.org\n.evil/",
        "https://ⓔxample.org/",
        "https://127。0。0。1/",
        "https://[fe80::1%25eth0]/",
        "https://a..b/",
        "https://%31%32%37.0.0.1/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/",
        "example.org",
        "https://example.org:99999/",
        "",
    ],
)
def test_urls_that_hide_where_they_lead_are_refused(url: str) -> None:
    with pytest.raises(MisnamedError):
        Place.of(url)


@given(st.text(max_size=60) | st.from_regex(r"https?://[0-9a-fx.:@/\\\[\]%]{0,40}", fullmatch=True))
def test_a_place_is_a_name_or_an_address_in_its_usual_form(url: str) -> None:
    try:
        place = Place.of(url)
    except MisnamedError:
        return
    assert place.scheme in {"http", "https"}
    assert 0 < place.port < 65536
    assert place.host == place.host.lower()
    if place.host.rpartition(".")[2].isdigit():
        assert str(IPv4Address(place.host)) == place.host


def test_a_name_may_be_followed_by_a_port_and_a_closing_dot() -> None:
    assert Place.of("HTTPS://Login.Example.org.:8443/path?x#y") == Place("https", "login.example.org", 8443)
    assert Place.of("https://[2606:4700::1]/") == Place("https", "2606:4700::1", 443)


ALLOWED = Allowed.read("idp.internal:8443, 10.1.0.0/16, [fd00::5]:443, fd12::/32")
INSIDE, OUTSIDE = ip_address("10.1.2.3"), ip_address("8.8.8.8")


@pytest.mark.parametrize(
    ("story", "url", "leads_to", "may"),
    [
        ("a public address by https", "https://idp.example", [OUTSIDE], True),
        ("not without TLS", "http://idp.example", [OUTSIDE], False),
        ("a private address", "https://idp.example", [ip_address("192.168.0.1")], False),
        ("one of several is private", "https://idp.example", [OUTSIDE, ip_address("127.0.0.1")], False),
        ("no address at all", "https://idp.example", [], False),
        ("a host that is allowed", "http://idp.internal:8443", [ip_address("192.168.0.1")], True),
        ("the same host at another port", "http://idp.internal:8444", [ip_address("192.168.0.1")], False),
        ("a network that is allowed", "http://any.internal", [INSIDE], True),
        ("an IPv6 form of an allowed address", "https://any.internal", [ip_address("::ffff:10.1.2.3")], True),
        ("partly in an allowed network", "http://any.internal", [INSIDE, OUTSIDE], False),
        ("an allowed IPv6 address", "https://[fd00::5]/", [ip_address("fd00::5")], True),
        ("an allowed IPv6 network", "https://any.internal", [ip_address("fd12::9")], True),
    ],
)
def test_what_may_be_reached(story: str, url: str, leads_to: list[IPv4Address | IPv6Address], may: bool) -> None:
    assert may_reach(Place.of(url), leads_to, ALLOWED) is may, story


@pytest.mark.parametrize("text", ["somewhere", "10.0.0.1/8", "https://host:443", "host:port"])
def test_a_setting_that_cannot_be_read_stops_the_start(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USHER_OUTBOUND_ALLOW", text)
    with pytest.raises(ValueError, match="neither host:port nor a network"):
        ServiceSettings()


def test_the_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USHER_OUTBOUND_ALLOW", "127.0.0.1:9300,10.1.0.0/16")
    assert ServiceSettings().outbound_allow == Allowed(frozenset({("127.0.0.1", 9300)}), (ip_network("10.1.0.0/16"),))
