"""Statements that remove what names a person elsewhere than at them: in reports, answers, transfers, on its way."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.store.erasure import Open

SHORTEST = 4
"""A shorter name is looked for as a whole value alone: within other words it would be found everywhere."""

MARKED = "unnest(cast(:tenants as uuid[]), cast(:marks as text[])) as marked (tenant_id, mark)"
BY_ID = [
    text("""
        update job_row set user_ref = cast(person_id as text), reason = null
        where person_id = any(cast(:ids as uuid[]))
    """),
    text("""
        update held_change h set ref = 'erased:' || n.number
        from (select job_id, person_id, ref, row_number() over (partition by job_id, person_id order by ref) as number
            from held_change where person_id = any(cast(:ids as uuid[])) and not starts_with(ref, 'erased:')) n
        where (h.job_id, h.person_id, h.ref) = (n.job_id, n.person_id, n.ref)
    """),
    text("""
        update transfer t set user_name = null, display_name = null, email = null, note = null, answer = null
        where t.user_id = any(cast(:ids as uuid[])) or t.direction = 'in' and t.state <> 'approved'
            and t.peer_id in (select id from transfer where user_id = any(cast(:ids as uuid[])))
    """),
    # The blank profile that tells of the erasure goes its way.
    text("""
        delete from outbox where id in (
            select id from outbox where routing_key = 'identity.user_profile.changed.v1'
                and cast(body as jsonb) ->> 'id' = any(cast(cast(:ids as uuid[]) as text[]))
                and cast(body as jsonb) ->> 'display_name' <> ''
            for update skip locked
        )
    """),
]
BY_MARK = [
    text(f"""
        delete from job_issue i using {MARKED} where i.tenant_id in (marked.tenant_id, :operators)
            and (lower(i.row_id) = lower(marked.mark)
                or length(marked.mark) >= {SHORTEST} and strpos(lower(i.reason), lower(marked.mark)) > 0)
    """),
    text(f"""
        update job_row r set user_ref = '', reason = null from {MARKED}
        where r.tenant_id in (marked.tenant_id, :operators) and lower(r.user_ref) = lower(marked.mark)
    """),
    text(f"""
        update upstream_tally u set detail = '' from {MARKED} where u.tenant_id = marked.tenant_id
            and length(marked.mark) >= {SHORTEST} and strpos(lower(u.detail), lower(marked.mark)) > 0
    """),
    # That something was done stays, so that it is not done again; what was answered goes.
    text(f"""
        update idempotency_key k set status = null, media_type = null, etag = null, answer = null from {MARKED}
        where k.tenant_id in (marked.tenant_id, :operators) and k.answer is not null
            and length(marked.mark) >= {SHORTEST}
            and position(convert_to(marked.mark, 'UTF8') in k.answer) > 0
    """),
]


async def remove_traces(conn: AsyncConnection, erasures: Sequence[Open]) -> None:
    """Remove what names these people. The transaction is open for all tenants: operators' jobs and answers name any."""
    for statement in BY_ID:
        await conn.execute(statement, {"ids": [one.person_id for one in erasures]})
    marks = [(one.tenant_id, mark) for one in erasures for mark in one.marks]
    named = {"tenants": [tenant for tenant, _ in marks], "marks": [mark for _, mark in marks]}
    for statement in BY_MARK:
        given = {"operators": OPERATORS_TENANT} if "operators" in statement.compile().params else {}
        await conn.execute(statement, {**named, **given})
