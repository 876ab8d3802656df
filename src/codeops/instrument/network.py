"""Which hosts and addresses are internal, because traffic to them is priced differently from traffic to the internet.

No name is looked up: a host is judged by how it is written. What nothing says is internal goes to the internet.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton

from codeops.core.errors import InvalidValue

__all__ = ["INTERNET", "INTRA_ZONE", "bare", "check", "configure", "destination_of", "destination_of_client", "is_internal", "labels_of"]

INTRA_ZONE = "intra-zone"
"""The price book's `destination` of traffic that stays within a zone, which the big clouds do not charge."""

INTERNET = "internet"
"""What the price book assumes when no label `destination` is given."""

_OUTSIDE = frozenset({INTERNET, "nat"})
"""Destinations that lie outside of the user's own networks: a NAT gateway leads to the internet."""

_DEFAULTS = {
    # loopback, RFC 1918, RFC 3927 (link-local), RFC 4193 (unique local) and RFC 4291
    **dict.fromkeys(("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"), INTRA_ZONE),
    **dict.fromkeys(("::1/128", "fc00::/7", "fe80::/10"), INTRA_ZONE),
    **dict.fromkeys((".internal", ".local", ".localhost", ".svc", ".cluster.local"), INTRA_ZONE),
}
_LONGEST_NAME = 253
"""Characters of a host name at most, RFC 1035; longer ones are no hosts and would fill the cache."""

_MOST_KNOWN = 2048
_NO_NAME = " /:@*?,;"
_LONGEST_CHAIN = 512
"""Characters of a list of proxies; no chain of the user's own is longer."""

_FOR = re.compile(r"(?i)\bfor[ \t]*=[ \t]*\"?([^;,\" \t]+)")
"""Clients in a header Forwarded. Source: RFC 7239, section 4."""

_Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address


class _Table:
    """What is configured: networks with the longest prefix first, and names."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.names: dict[str, str] = {}
        self.networks: list[tuple[_Network, str]] = []
        for key, destination in entries.items():
            network = _network(key) if key[:1] != "." else None
            if network is None:
                self.names[_demand_name(key)] = destination
            else:
                self.networks.append((network, destination))
        self.networks.sort(key=lambda entry: -entry[0].prefixlen)

    def of_address(self, address: _Address) -> str:
        return next((destination for network, destination in self.networks if address in network), INTERNET)

    def of_name(self, name: str) -> str:
        if name in self.names:
            return self.names[name]
        if "." not in name:  # not ASCII: a client may turn it into digits or dots, and so into any address
            return INTRA_ZONE if name.isascii() else INTERNET
        rest = name
        while rest:  # the longest suffix first: a.b.c, then .b.c, then .c
            _, _, rest = rest.partition(".")
            if "." + rest in self.names:
                return self.names["." + rest]
        return INTERNET


def configure(networks: Mapping[str, str] | None = None) -> None:
    """Sets what is internal besides loopback, private and link-local addresses, names without a dot, *.internal, *.local, *.svc.

    `networks` maps a network ("10.20.0.0/16"), an address, a suffix of host names (".corp.example") or a host to
    the `destination` of the price book, such as "intra-zone", "inter-zone", "inter-region", "nat" or "internet".
    The longest match wins; an entry equal to a default one takes its place.

    Raises: InvalidValue for what is neither a network nor a name.
    """
    global _table  # ruff: ignore[global-statement] - one process has one network around it
    _table = _table_with(networks or {})
    _known.cache_clear()
    _client.cache_clear()


def check(networks: Mapping[str, str]) -> None:
    """Looks at what `configure` would be given, and changes nothing.

    Raises: InvalidValue for what is neither a network nor a name.
    """
    _table_with(networks)


def _table_with(networks: Mapping[str, str]) -> _Table:
    return _Table({**_DEFAULTS, **{_key(key): _demand_destination(key, value) for key, value in networks.items()}})


def labels_of(host: str) -> dict[str, str]:
    """The label `destination` of traffic to `host`, a name or an address; empty for the internet, which the price book assumes."""
    destination = destination_of(host)
    return {} if destination == INTERNET else {"destination": destination}


def destination_of(host: str) -> str:
    """Where traffic to `host` goes, as the price book's label `destination` spells it."""
    return _known(host) if 0 < len(host) <= _LONGEST_NAME else INTERNET


def destination_of_client(peer: str, forwarded: str | None = None) -> str:
    """Where answers to a client go, as the price book's label `destination` spells it: `peer` is the other end of the connection.

    `forwarded` is the header X-Forwarded-For or Forwarded, which counts only if the peer is internal, that is a proxy
    of the user's own. If anyone in it is outside, so is the client: what a client adds to the header can make its
    traffic look dearer, never cheaper. A client that the proxy does not name is taken to be outside.
    """
    if len(peer) > _LONGEST_NAME:
        return INTERNET
    if forwarded and len(forwarded) > _LONGEST_CHAIN:
        forwarded = "unknown"
    return _client(peer, forwarded)


@lru_cache(maxsize=_MOST_KNOWN)
def _client(peer: str, forwarded: str | None) -> str:
    if not peer and not forwarded:
        return INTERNET
    destination = destination_of(peer) if peer else INTRA_ZONE  # no address: a proxy on this machine, through a Unix socket
    return destination if destination in _OUTSIDE or not forwarded else _chain(forwarded)


def _chain(forwarded: str) -> str:
    """The first destination outside of the user's own networks, else that of the first client."""
    hops = _FOR.findall(forwarded) if "=" in forwarded else forwarded.split(",")
    found = [_table.of_address(address) if (address := _address(bare(hop))) else INTERNET for hop in hops]
    return next((destination for destination in found if destination in _OUTSIDE), found[0] if found else INTERNET)


def is_internal(host: str) -> bool:
    """Whether `host` is in the user's own networks."""
    return destination_of(host) not in _OUTSIDE


@lru_cache(maxsize=_MOST_KNOWN)
def _known(host: str) -> str:
    name = bare(host)
    address = _address(name)
    if address is not None:
        return _table.of_address(address)
    return _table.of_name(name) if _is_name(name) else INTERNET


def bare(host: str) -> str:
    """The host without port, brackets, zone and final dot, in lower case."""
    name = host.strip().lower()
    if name[:1] == "[":
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    return name.partition("%")[0].removesuffix(".")


def _address(name: str) -> _Address | None:
    if not name or not (":" in name or name[0].isdigit()):
        return None
    try:
        address = ip_address(name)
    except ValueError:
        return _number(name)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _number(name: str) -> _Address | None:
    """An address in one of the old forms that clients accept too, such as 2130706433 or 0x7f.1: no name without a dot."""
    if not name.isascii() or " " in name:
        return None
    try:
        return IPv4Address(inet_aton(name))
    except (OSError, ValueError):
        return None


def _network(key: str) -> _Network | None:
    if "/" not in key and _address(key) is None:
        return None
    try:
        return ip_network(key)
    except ValueError as problem:
        raise InvalidValue(
            f"{key!r} is not a network", why=str(problem), fix=f"write {_repaired(key)}, or a host name, or a suffix such as '.example.com'"
        ) from problem


def _repaired(key: str) -> str:
    """The network that was probably meant."""
    try:
        return repr(str(ip_network(key, strict=False)))
    except ValueError:
        return "a network such as '10.0.0.0/8'"


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidValue(
            f"{key!r} is not a network", why="a network is written as text", fix="write it as '10.0.0.0/8' or '.example.com'"
        )
    name = key.strip().lower().removesuffix(".")
    return name[1:] if name.startswith("*.") else name


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and ".." not in name and not any(sign in name for sign in _NO_NAME)


def _demand_name(key: str) -> str:
    name = key.removeprefix(".")
    if not _is_name(name) or len(name) > _LONGEST_NAME or name.rpartition(".")[2].isdigit():
        raise InvalidValue(
            f"{key!r} is not a host",
            why="a host is an address, a name, or a suffix that begins with a dot",
            fix="write '10.0.0.0/8', 'db.example.com' or '.example.com', without scheme, port or path",
        )
    return key


def _demand_destination(key: str, destination: object) -> str:
    if not isinstance(destination, str) or not destination.strip() or not destination.isprintable():
        raise InvalidValue(
            f"{destination!r} is not a destination of {key!r}",
            why="a destination is the label that the price book gives the price of its traffic",
            fix="write 'intra-zone', 'inter-zone', 'inter-region', 'nat' or 'internet'",
        )
    return destination.strip()


_table = _Table(_DEFAULTS)
