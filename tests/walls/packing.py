"""A small OneRoster set of a district's two schools, some people, and a row that no import can take."""

import io
import zipfile

ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId"
USERS = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,email"


def roster(mark: str) -> bytes:
    """The set as a zip; `mark` is in every name and id."""
    people = [("1", "teacher"), ("2", "principal"), ("3", "wizard")]
    rows = [f"{mark}-{n},,,true,{mark}-S,{role},{mark}.{n},Given,{mark},{mark}{n}@one.example" for n, role in people]
    files = {
        "orgs.csv": [ORGS, f"{mark}-D,,,District {mark},district,,", f"{mark}-S,,,School {mark},school,,{mark}-D"],
        "users.csv": [USERS, *rows],
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, lines in files.items():
            archive.writestr(name, "\n".join(lines))
    return packed.getvalue()
