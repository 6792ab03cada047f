"""The one registry of telemetry names: spans, attributes and metrics (architecture: Telemetry)."""

from prometheus_client import Counter, Gauge, Histogram

SPAN_PUBLISH = "publish"
SPAN_APPLY_BATCH = "apply batch"
SPAN_APPLY_FACT = "apply"
SPAN_IMPORT = "import batch"

MESSAGING_SYSTEM = "messaging.system"
MESSAGING_OPERATION = "messaging.operation.type"
MESSAGING_DESTINATION = "messaging.destination.name"
MESSAGING_MESSAGE_ID = "messaging.message.id"
MESSAGING_BATCH_COUNT = "messaging.batch.message_count"
FACT_TYPE = "usher.fact.type"
FACT_SUBJECT = "usher.fact.subject"
FACT_VERSION = "usher.fact.version"
TENANT = "usher.tenant.id"

FACTS_PUBLISHED = Counter("usher_facts_published_total", "Facts that the broker has confirmed", ["service"])
MESSAGES_PUBLISHED = Counter("usher_messages_published_total", "Messages that the broker has confirmed", ["service"])
PUBLISH_FAILURES = Counter("usher_publish_failures_total", "Messages that the broker did not confirm", ["service"])
OUTBOX_WAITING = Gauge("usher_outbox_claimed", "Facts in the relay's last claim", ["service"])
FACTS_APPLIED = Counter("usher_facts_applied_total", "Facts applied and committed", ["service"])
FACTS_DEAD = Counter("usher_facts_dead_total", "Facts that could not be applied", ["service", "reason"])
BATCH_FACTS = Histogram(
    "usher_batch_facts", "Facts in one transaction", ["service"], buckets=(1, 2, 5, 10, 50, 100, 200, 500, 1000, 2000)
)
BATCH_SECONDS = Histogram("usher_batch_seconds", "Seconds from a batch's first load to its commit", ["service"])
RETRIES = Counter("usher_batch_retries_total", "Batches tried again", ["service", "cause"])
LOOP_FAILURES = Counter("usher_loop_failures_total", "Rounds of a background loop that failed", ["service", "loop"])
SESSIONS_AWAY = Counter("usher_console_sessions_away_total", "Requests refused while the session store was away")
LIVE_BROWSERS = Gauge("usher_console_live_browsers", "Browsers that follow the figures now")
SIGN_INS = Counter("usher_sign_ins_total", "Tries to sign in", ["outcome"])
THROTTLE_OPEN = Counter(
    "usher_sign_in_throttle_open_total", "Tries to sign in that nothing counted, since Redis did not answer"
)
