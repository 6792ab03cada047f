"""The program `usher-usage`: the composition root."""

from usher_kit.service import Service, run
from usher_kit.settings import ServiceSettings
from usher_usage.consumers import APPLY
from usher_usage.http import activity, doctor, policies
from usher_usage.tables import METADATA
from usher_usage.time_passing import JUDGE_DUE

SERVICE = Service(
    "usage",
    ServiceSettings,
    METADATA,
    apply=APPLY,
    routers=[activity.router, policies.router, doctor.router],
    loops=[JUDGE_DUE],
)


def main() -> None:
    run(SERVICE)
