"""Addresses that a configured URL may lead to: public ones, and what the deployment allows by name or by network."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = {"https": 443, "http": 80}

INWARD = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
    "168.63.129.16/32",  # a cloud's own services, on an address that looks public
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"),
)
"""IANA's special-purpose blocks: private, loopback, link-local with the clouds' metadata, documentation, multicast,
reserved. Of IPv6, everything outside of 2000::/3 is inward too."""

GLOBAL_UNICAST = IPv6Network("2000::/3")
TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 as networks without it reach it (RFC 6052): what counts is the address within."""

NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)
NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
ENTRY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]/]+):(?P<port>[0-9]{1,5})", re.IGNORECASE)


class MisnamedError(ValueError):
    """A URL, or an entry of the allowed, that cannot be read as one."""


def is_public(address: Address) -> bool:
    """Whether `address` is of the public internet: none of INWARD, nor an IPv6 form of one that is."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in TRANSLATED else None)
        if inner is not None:
            return is_public(inner)
        if address not in GLOBAL_UNICAST:
            return False
    return not any(address in network for network in inward())


@cache
def inward() -> tuple[Network, ...]:
    return tuple(map(ip_network, INWARD))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads, before its name is looked up."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The place of an http(s) URL. Raises MisnamedError for what is none, or hides where it leads.

        A host that ends in a number is an IPv4 address in its one usual form, or refused: decimal, octal, hexadecimal
        and shortened ones are.
        """
        parts = split(url)
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme not in PORTS or not host or "@" in parts.netloc:
            raise MisnamedError("It is to be an address such as https://host/path, without a user or password in it.")
        if not NAME.fullmatch(host) and not is_ipv6(host):
            raise MisnamedError("Its host is to be a name in plain letters (xn--… for others), or an IP address.")
        if NUMBER.fullmatch(host.rpartition(".")[2]) and not is_usual_ipv4(host):
            raise MisnamedError("An IPv4 address is to be written in its usual form, such as 192.0.2.1.")
        return cls(parts.scheme, host.lower(), parts.port or PORTS[parts.scheme])


def split(url: str) -> SplitResult:
    """The parts of a URL. Raises MisnamedError for what no parser should have to guess at."""
    if any(sign <= " " or sign == "\\" for sign in url):
        raise MisnamedError("It holds a space, a control character or a backslash.")
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError as error:
        raise MisnamedError("It is not a URL.") from error
    return parts


def is_ipv6(host: str) -> bool:
    try:
        return "%" not in host and bool(IPv6Address(host))
    except ValueError:
        return False


def is_usual_ipv4(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a deployment lets configured URLs reach besides the public internet, also without TLS."""

    hosts: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """What a setting says: `host:port` and networks as `10.1.0.0/16`, with commas between. Raises MisnamedError."""
        hosts: set[tuple[str, int]] = set()
        networks: list[Network] = []
        for entry in filter(None, (part.strip() for part in text.split(","))):
            if named := ENTRY.fullmatch(entry):
                hosts.add((named["host"].strip("[]").lower(), int(named["port"])))
            else:
                networks.append(network_of(entry))
        return cls(frozenset(hosts), tuple(networks))

    def names(self, place: Place) -> bool:
        return (place.host, place.port) in self.hosts

    def covers(self, addresses: Iterable[Address]) -> bool:
        """Whether every address is in one of the networks."""
        return all(any(plain(one) in network for network in self.networks) for one in addresses)


def network_of(entry: str) -> Network:
    try:
        return ip_network(entry)
    except ValueError as error:
        raise MisnamedError(f"{entry} is neither host:port nor a network such as 10.1.0.0/16.") from error


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 form of it stands for; else the address."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def may_reach(place: Place, addresses: Iterable[Address], allowed: Allowed) -> bool:
    """Whether a place may be reached at the addresses that its name led to: at all of them, or at none."""
    found = list(addresses)
    if not found:
        return False
    if allowed.names(place) or allowed.covers(found):
        return True
    return place.scheme == "https" and all(is_public(one) for one in found)


def address_of(text: str) -> Address:
    """An address as a resolver gives it, which may name its zone."""
    return ip_address(text.partition("%")[0])
