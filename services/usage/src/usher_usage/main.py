"""The program `usher-usage`: the composition root."""

from usher_kit.batch import Linger
from usher_kit.service import Service, run
from usher_usage.consumers import apply_by
from usher_usage.http import activity, doctor, keeping, policies
from usher_usage.settings import UsageSettings
from usher_usage.tables import METADATA
from usher_usage.time_passing import FORGET, FORGET_DELETED, JUDGE_DUE, TELL_ACTIVES
from usher_usage.use_cases.telling_again import SOURCES

SERVICE = Service(
    "usage",
    UsageSettings,
    METADATA,
    apply=lambda runtime: apply_by(runtime.settings),
    linger=Linger(0.05),
    sources=SOURCES,
    routers=[activity.router, keeping.router, policies.router, doctor.router],
    loops=[JUDGE_DUE, TELL_ACTIVES, FORGET, FORGET_DELETED],
)


def main() -> None:
    run(SERVICE)
