"""The act that a request makes: now, by its caller."""

from usher_identity.use_cases.recording import Act
from usher_kit.access import Access
from usher_kit.runtime import Runtime


def act_of(access: Access, runtime: Runtime) -> Act:
    return Act(runtime.clock.now(), access.cause(), runtime.settings.epoch)
