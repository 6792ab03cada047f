"""A OneRoster 1.2 service on a port of its own: tokens, paging by offset and link, filters, mischief to order."""

import base64
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

CLIENT_ID, SECRET = "usher at the district", "a secret: of the district's"
BASE = "/ims/oneroster/rostering/v1p2"
FILTER = re.compile(r"^dateLastModified(>=|>)'([^']+)'$")

Row = dict[str, Any]


@dataclass
class District:
    """What the service holds, and how it behaves. Mischiefs, by collection, are done once each; or `always`."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    by_link: bool = False
    page_rows: int = 1_000
    """Rows of a page at most, whatever is asked for."""
    mischief: dict[str, list[str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def asks(self) -> Counter[str]:
        return Counter(collection for collection, _ in self.asked)

    def filters(self) -> list[str | None]:
        """Of each time that users were asked for."""
        return [query.get("filter") for collection, query in self.asked if collection == "users"]


class Handler(BaseHTTPRequestHandler):
    district: District
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        named = f"{quote(CLIENT_ID, safe='')}:{quote(SECRET, safe='')}"
        wanted = f"Basic {base64.b64encode(named.encode()).decode()}"
        form = parse_qs(body)
        if self.headers["Authorization"] != wanted or form["grant_type"] != ["client_credentials"]:
            self.answer(401, {"error": "invalid_client"})
            return
        token = f"token-{len(self.district.tokens) + 1}"
        self.district.tokens = {token}
        self.answer(200, {"access_token": token, "token_type": "bearer", "expires_in": 3600})

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        collection = address.path.removeprefix(f"{BASE}/")
        self.district.asked.append((collection, query))
        if self.headers["Authorization"] not in {f"Bearer {one}" for one in self.district.tokens}:
            self.answer(401, {"imsx_description": "the token has expired"})
        elif not self.misbehaves(collection, query):
            self.give(collection, query)

    def misbehaves(self, collection: str, query: dict[str, str]) -> bool:
        """Whether something else than the page was answered."""
        planned = self.district.mischief.get(collection, [])
        what = planned[0] if planned else ""
        if what and not what.startswith("always"):
            planned.pop(0)
        answers: dict[str, tuple[int, Any, dict[str, str]]] = {
            "busy": (429, {}, {"Retry-After": "0"}),
            "busy for an hour": (503, {}, {"Retry-After": "3600"}),
            "always broken": (200, b'{"users": [{"sourc', {}),
            "garbage": (200, b"<html>sorry</html>", {}),
            "huge": (200, b'{"users": [' + b" " * (33 * 1024**2), {}),
            "always forbidden": (403, {"imsx_description": "not\nyours"}, {}),
            "no filter": (400, {"imsx_description": "filter"}, {}),
            "elsewhere": (200, {collection: []}, {"Link": '<http://127.0.0.2:9/users?offset=1>; rel="next"'}),
        }
        if what.removeprefix("always ") == "no filter":
            if "filter" not in query:
                return False
            self.answer(*answers["no filter"])
            return True
        if what == "another token":
            self.district.tokens = {"one that nobody has"}
            self.answer(401, {})
            return True
        if what not in answers:
            return False
        self.answer(*answers[what])
        return True

    def give(self, collection: str, query: dict[str, str]) -> None:
        rows = self.district.rows.get(collection)
        if rows is None:
            self.answer(404, {"imsx_description": "no such collection"})
            return
        if told := query.get("filter"):
            found = FILTER.match(told)
            assert found, told
            rows = [row for row in rows if row["dateLastModified"] >= found[2]]
        first, limit = int(query.get("offset", 0)), min(int(query.get("limit", 100)), self.district.page_rows)
        headers = {"X-Total-Count": str(len(rows))}
        if self.district.by_link:
            headers = {}
            if first + limit < len(rows):
                following = {**query, "offset": first + limit, "limit": limit}
                headers = {"Link": f'<{BASE}/{collection}?{urlencode(following)}>; rel="next", <x>; rel="last"'}
        self.answer(200, {collection: rows[first : first + limit]}, headers)

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        pass


@contextmanager
def serving(district: District) -> Iterator[District]:
    handler = type("Of", (Handler,), {"district": district})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        district.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield district
        server.shutdown()
        thread.join()
