"""What may come at random: people, purchases, corrections, rules and logins, lively enough for things to happen."""

from hypothesis import strategies as st

units = st.integers(0, 4)
people = st.integers(0, 9)
days = st.integers(-20, 20)
products = st.sampled_from(["learn", "learn", "observe"])
overages = st.sampled_from(["block", "block", "percent:50", "percent:110", "allow"])
shrinks = st.sampled_from(["keep", "keep", "last_assigned", "least_recently_active"])
corrections = st.fixed_dictionaries(
    {},
    optional={
        "seats": st.integers(0, 6),
        "grace_days": st.integers(0, 8),
        "overage": overages,
        "shrink": shrinks,
        "ends": days,
    },
)
activities = st.fixed_dictionaries(
    {"activity": st.sampled_from(["inactive", "inactive", "never_used", "active", "warned", "unknown"])},
    optional={
        "login": st.sampled_from([-30, -5, -1, 0]),
        "reclaim_due": st.sampled_from([-1, 0, 3, 10]),
        "kept_until": st.sampled_from([-1, 2, 20]),
    },
)
"""Times in days from now."""
priorities = st.integers(0, 2)
# By role and product; None is a rule that there is not.
rule_tables = st.fixed_dictionaries(
    {("learner", "learn"): st.one_of(priorities, priorities, st.none()), ("org_admin", "learn"): priorities},
    optional={
        ("observer", "observe"): priorities,
        ("reporter", "learn"): priorities,
        ("learner", "observe"): priorities,
    },
)
statuses = st.sampled_from(["active"] * 5 + ["archived", "suspended", "deleted", "invited"])
roles = st.sampled_from(
    [["learner"]] * 4 + [["learner", "observer"], ["org_admin"], ["learner", "org_admin"], ["reporter"], []]
)
persons = st.tuples(units, statuses, roles, st.integers(-5, 0))
purchases = st.fixed_dictionaries(
    {
        "org": st.sampled_from([0, 0, 1, 1, 2, 3]),
        "product": products,
        "seats": st.integers(0, 5),
        "starts": days,
        "lasts": st.sampled_from([1, 5, 20, 40, 95, 120]),
        "grace": st.sampled_from([0, 0, 4, 8]),
        "overage": overages,
        "shrink": shrinks,
    }
)
