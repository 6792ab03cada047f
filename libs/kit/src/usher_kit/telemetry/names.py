"""The one registry of telemetry names: spans, attributes and metrics (architecture: Telemetry)."""

from prometheus_client import Counter, Gauge, Histogram

SPAN_PUBLISH = "publish"
SPAN_APPLY_BATCH = "apply batch"
SPAN_APPLY_FACT = "apply"
SPAN_IMPORT = "import batch"

MESSAGING_SYSTEM = "messaging.system"
MESSAGING_OPERATION = "messaging.operation.type"
MESSAGING_OPERATION_NAME = "messaging.operation.name"
MESSAGING_DESTINATION = "messaging.destination.name"
MESSAGING_ROUTING_KEY = "messaging.rabbitmq.destination.routing_key"
MESSAGING_MESSAGE_ID = "messaging.message.id"
MESSAGING_BATCH_COUNT = "messaging.batch.message_count"
FACT_TYPE = "usher.fact.type"
FACT_SUBJECT = "usher.fact.subject"
FACT_VERSION = "usher.fact.version"
TENANT = "usher.tenant.id"

FACTS_PUBLISHED = Counter("usher_facts_published_total", "Facts that the broker has confirmed", ["service"])
MESSAGES_PUBLISHED = Counter("usher_messages_published_total", "Messages that the broker has confirmed", ["service"])
PUBLISH_FAILURES = Counter("usher_publish_failures_total", "Messages that the broker did not confirm", ["service"])
OUTBOX_ROWS = Gauge("usher_outbox_rows", "Facts that wait to be published", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge("usher_outbox_oldest_seconds", "Age of the fact that has waited longest", ["service"])
OUTBOX_DEAD_ROWS = Gauge("usher_outbox_dead_rows", "Published rows that vacuum has not removed yet", ["service"])
FACTS_APPLIED = Counter("usher_facts_applied_total", "Facts that were news, applied and committed", ["service"])
FACTS_IGNORED = Counter("usher_facts_ignored_total", "Facts that were known already, or older", ["service"])
FACTS_DEAD = Counter("usher_facts_dead_total", "Facts that could not be applied", ["service", "reason"])
BATCH_FACTS = Histogram(
    "usher_batch_facts", "Facts in one transaction", ["service"], buckets=(1, 2, 5, 10, 50, 100, 200, 500, 1000, 2000)
)
BATCH_SECONDS = Histogram("usher_batch_seconds", "Seconds from a batch's first load to its commit", ["service"])
RETRIES = Counter("usher_batch_retries_total", "Batches tried again", ["service", "cause"])
UPSTREAM_EVENTS = Counter(
    "usher_upstream_events_total",
    "Events of upstreams that read no outcomes, by what became of them",
    ["kind", "outcome"],
)
ROSTER_ANSWERS = Counter(
    "usher_roster_answers_total", "Answers of roster services, by what became of them", ["outcome"]
)
LOOP_FAILURES = Counter("usher_loop_failures_total", "Rounds of a background loop that failed", ["service", "loop"])
SESSIONS_AWAY = Counter("usher_console_sessions_away_total", "Requests refused while the session store was away")
ENDED_SESSIONS_AWAY = Counter(
    "usher_ended_sessions_away_total", "Times that Redis did not say which sessions have ended"
)
LIVE_BROWSERS = Gauge("usher_console_live_browsers", "Browsers that follow the figures now")
ERASURE_OLDEST_SECONDS = Gauge("usher_erasure_oldest_seconds", "Age of the erasure that has waited longest")
SIGN_INS = Counter("usher_sign_ins_total", "Tries to sign in", ["outcome"])
THROTTLE_OPEN = Counter(
    "usher_sign_in_throttle_open_total", "Tries to sign in that nothing counted, since Redis did not answer"
)
