"""The program `usher-notifications`: the composition root."""

from usher_kit.batch import Linger
from usher_kit.service import Service, run
from usher_notifications.consumers import APPLY
from usher_notifications.http import deliveries, doctor, subscriptions, templates
from usher_notifications.sending import ADDRESS, SEND
from usher_notifications.settings import NotificationsSettings
from usher_notifications.tables import METADATA

SERVICE = Service(
    "notifications",
    NotificationsSettings,
    METADATA,
    apply=APPLY,
    linger=Linger(0.05),
    routers=[deliveries.router, subscriptions.router, templates.router, doctor.router],
    loops=[ADDRESS, SEND],
)


def main() -> None:
    run(SERVICE)
