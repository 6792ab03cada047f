"""The kinds of facts that a flow is made of, by the routing keys that the product gives them."""

from usher_contracts.entitlements import PoolChanged, SeatChanged
from usher_contracts.envelope import routing_key
from usher_contracts.identity import UserChanged

USER = routing_key(UserChanged.type)
SEAT = routing_key(SeatChanged.type)
POOL = routing_key(PoolChanged.type)
