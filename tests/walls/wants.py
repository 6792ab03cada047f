"""What to put into requests: which names stand for somebody's things, and the plainest value of every other one."""

from collections.abc import Mapping
from typing import Any

from .packing import roster

KINDS: Mapping[str, str] = {
    "organization_id": "organization",
    "org_id": "organization",
    "parent_id": "organization",
    "tenant_id": "tenant",
    "user_id": "person",
    "user_ids": "person",
    "term_id": "term",
    "license_term_id": "term",
    "pool_id": "pool",
    "job_id": "job",
    "rebuild_id": "job",
    "set_id": "change_set",
    "transfer_id": "transfer",
    "request_id": "license_request",
    "upstream_id": "upstream",
    "provider_id": "provider",
    "machine_id": "machine",
    "export_id": "export",
    "bi_user_id": "bi_user",
    "schedule_id": "schedule",
    "session_id": "session",
    "token": "keep_link",
    "identifier": "user_name",
    "q": "word",
    "target": "target",
    "actor": "actor",
}
"""Names of parameters and properties, and what of somebody's they mean."""

PLAIN: Mapping[str, Any] = {
    "product": "learn",
    "name": "A name",
    "display_name": "A name",
    "note": "A note",
    "password": "a long enough password",
    "starts_at": "2026-01-01T00:00:00Z",
    "ends_at": "2031-01-01T00:00:00Z",
    "at": "2026-01-01T00:00:00Z",
    "role": "learner",
    "roles": "learner",
}

QUERIES: Mapping[str, Mapping[str, Any]] = {"POST /v1/users/{user_id}:transfer": {"dry_run": "true"}}
"""Parameters that are sent besides: of a transfer what it would be, since a name is all that it needs to be asked."""

BODIES: Mapping[str, Any] = {
    "POST /v1/organizations": {
        "name": "Annex",
        "parent_id": "<organization>",
        "external_id": "annex",
        "source": "walk",
    },
    "PATCH /v1/organizations/{organization_id}": {"name": "Renamed"},
    "PUT /v1/organizations/{organization_id}/calendar": {"breaks": []},
    "POST /v1/users": {"org_id": "<organization>", "user_name": "<taken_name>", "display_name": "A name"},
    "PATCH /v1/users/{user_id}": {"display_name": "Renamed", "org_id": "<organization>"},
    "POST /v1/upstreams": {"name": "walked", "org_id": "<organization>"},
    "PATCH /v1/upstreams/{upstream_id}": {"quota": 7},
    "POST /v1/users:bulk": {"users": ["<person>", "<user_name>"], "act": "transfer", "org": "<organization>"},
    "POST /v1/transfers/{transfer_id}:approve": {"note": "A note"},
    "POST /v1/transfers/{transfer_id}:withdraw": {"note": "A note"},
    "POST /v1/change-sets/{set_id}:approve": {"user_ids": ["<held>"]},
    "POST /v1/change-sets/{set_id}:reject": {"user_ids": ["<held>"]},
    "POST /v1/identity-providers": {
        "name": "walked",
        "org_id": "<organization>",
        "issuer": "https://provider.invalid",
        "client_id": "walked",
        "client_secret": "a secret",
    },
    "POST /v1/clients": {"name": "walked", "org_id": "<organization>", "scopes": ["users:read"]},
    "PATCH /v1/clients/{machine_id}": {"name": "Renamed"},
    "PATCH /v1/identity-providers/{provider_id}": {"title": "Renamed"},
    "identity PUT /v1/settings": {"org_id": "<organization>", "loss_share_percent": 25},
    "entitlements PUT /v1/settings": {"org_id": "<organization>", "notice_days": [60, 30]},
    "POST /v1/users/{user_id}:transfer": {"org_id": "<elsewhere>"},
    "POST /oauth/token": {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "<person>",
        "subject_token_type": "urn:usher:user-id",
    },
    "POST /v1/exports": {"report": "claims", "format": "csv", "org_id": "<organization>"},
    "POST /v1/report-schedules": {
        "report": "claims",
        "format": "csv",
        "org_id": "<organization>",
        "cron": "0 6 * * 1",
        "recipients": [],
    },
    "PATCH /v1/report-schedules/{schedule_id}": {"cron": "0 7 * * 1"},
    "POST /v1/bi-users": {"name": "walked", "org_id": "<tenant>"},
    "POST /v1/products": {"product": "walked", "name": "Walked"},
    "PUT /v1/grant-rules": {"rules": [{"role": role, "product": "learn"} for role in ("learner", "org_admin")]},
    "PATCH /v1/license-terms/{term_id}": {"seats": 3},
    "PATCH /v1/license-requests/{request_id}": {"seats": 4},
    "POST /v1/license-requests/{request_id}:answer": {"verdict": "declined", "note": "A note"},
    "POST /v1/pools/{pool_id}/excess:release": {"policy": "last_assigned", "note": "A note"},
    "PUT /v1/pools/{pool_id}/waitlist": {"user_ids": ["<waiting>"], "note": "A note"},
    "POST /v1/simulate": {
        "org_id": "<tenant>",
        "terms": [{"id": "<term>", "seats": 9}],
        "people": [{"user_id": "<person>", "org_id": "<organization>", "status": "archived"}],
    },
    "PUT /v1/policies": {"org_id": "<organization>", "product": "learn", "window_days": 40},
    "POST /v1/dead-letters:replay": {"ids": ["<dead_letter>"]},
    "POST /v1/dead-letters:discard": {"ids": ["<dead_letter>"]},
}
"""Bodies of which a document does not tell enough, with what they name as `<kind>`; by service where two are alike."""

UPLOADS: Mapping[str, Any] = {
    "POST /v1/imports": {
        "data": {"tenant_id": "<tenant>", "source": "walk"},
        "files": {"file": ("set.zip", roster("walked"), "application/zip")},
    }
}
"""Forms with a file."""
