"""Whatever bytes come as a set, it is read row by row or refused with a reason: nothing else is raised."""

import contextlib
import io
import zipfile
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from usher_identity.oneroster.reading import read_zip
from usher_identity.oneroster.refusal import SetRefused

from .conftest import ORGS, USERS

SET: Mapping[str, str] = {
    "manifest": "propertyName,value\noneroster.version,1.2\nfile.users,bulk\nfile.roles,delta\nfile.orgs,bulk\n",
    "orgs": ORGS,
    "users": f"{USERS}u3,active,,true,S,,cy.ray,,Cy,Ray,\n",
    "roles": "sourcedId,status,userSourcedId,roleType,role,orgSourcedId\nr1,active,u1,primary,aide,S\n",
    "enrollments": "sourcedId,status,userSourcedId,role,schoolSourcedId\ne1,active,u3,teacher,S\n",
    "academicSessions": "sourcedId,status,title,startDate,endDate\na1,active,Fall,2026-08-15,2026-12-18\n",
}

Splices = list[tuple[int, int, bytes]]

SPLICES: st.SearchStrategy[Splices] = st.lists(
    st.tuples(
        st.integers(0, 2_000),
        st.integers(0, 40),
        st.binary(max_size=12) | st.sampled_from([b'"', b"\r", b",", b"\n", b"\0"]),
    ),
    max_size=6,
)
"""Places, how many bytes go there, and what comes instead."""


def spliced(content: bytes, splices: Splices) -> bytes:
    for place, gone, new in splices:
        at = place % (len(content) + 1)
        content = content[:at] + new + content[at + gone :]
    return content


def read_whole(packed: bytes) -> None:
    with contextlib.suppress(SetRefused):
        list(read_zip(io.BytesIO(packed)).people(lambda _: None))


def zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.csv", content)
    return packed.getvalue()


@given(
    st.dictionaries(st.sampled_from(list(SET)), SPLICES, min_size=1, max_size=3),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_any_bytes_of_files_are_read_or_refused(harm: Mapping[str, Splices], encoding: str) -> None:
    written = {name: content.encode(encoding) for name, content in SET.items()}
    read_whole(zipped({name: spliced(content, harm.get(name, [])) for name, content in written.items()}))


@given(SPLICES)
def test_any_bytes_of_a_zip_are_read_or_refused(splices: Splices) -> None:
    read_whole(spliced(zipped({"orgs": ORGS.encode(), "users": USERS.encode()}), splices))
