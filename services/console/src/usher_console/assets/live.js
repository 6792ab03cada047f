// Keeps a page's figures current: fetches its live part again when the server says that something changed.
// Everything works without this file; a page then shows the figures of the moment it was loaded.

const part = document.querySelector("[data-live]");
const SETTLE_MS = 1500; // figures of another service may come a moment after the news of them
const PENDING_MS = 400;
const PENDING_TRIES = 40;
const RETRY_MS = 5000;

let busy = false;
let again = false;
let settling;
let tries = 0;

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const answer = await fetch(part.dataset.live, { headers: { "X-Fragment": "1" } });
    if (answer.status === 401 || answer.status === 403) {
      location.reload();
      return;
    }
    if (answer.ok) show(await answer.text());
  } catch {
    // The stream's own retry comes back to this.
  } finally {
    busy = false;
  }
  if (again) {
    again = false;
    await refresh();
  }
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const before = figures();
  renewChildren(part, fresh.content);
  for (const [key, element] of figures()) {
    const old = before.get(key);
    if (old !== undefined && old.text !== element.text) flash(element.node);
  }
  followPending();
}

function figures() {
  const found = new Map();
  for (const node of part.querySelectorAll("[data-figure]")) {
    found.set(node.dataset.figure, { node, text: node.textContent });
  }
  return found;
}

function flash(node) {
  node.classList.remove("changed");
  void node.offsetWidth;
  node.classList.add("changed");
}

// Changes what differs and keeps the rest: focus, scrolling and opened explanations stay where they are.
function renewChildren(old, fresh) {
  const left = [...old.childNodes];
  const right = [...fresh.childNodes];
  right.forEach((node, place) => {
    const known = left[place];
    if (!known) old.append(node);
    else if (known.nodeName !== node.nodeName || known.nodeType !== node.nodeType) known.replaceWith(node);
    else if (known.nodeType !== Node.ELEMENT_NODE) {
      if (known.data !== node.data) known.data = node.data;
    } else renewElement(known, node);
  });
  left.slice(right.length).forEach((node) => node.remove());
}

function renewElement(old, fresh) {
  if (old.id !== fresh.id) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
  renewChildren(old, fresh);
}

// A change that is on its way is asked for until it has arrived.
function followPending() {
  if (!part.querySelector("[data-pending]")) {
    tries = 0;
    return;
  }
  tries += 1;
  if (tries <= PENDING_TRIES) setTimeout(refresh, PENDING_MS);
}

function follow() {
  let source;
  function connect() {
    source = new EventSource("/live");
    source.addEventListener("following", () => {
      part.setAttribute("data-connected", "");
      refresh();
    });
    source.addEventListener("pools", () => {
      clearTimeout(settling);
      settling = setTimeout(refresh, SETTLE_MS);
      refresh();
    });
    source.addEventListener("ended", () => location.reload());
    source.addEventListener("error", () => {
      part.removeAttribute("data-connected");
      if (source.readyState === EventSource.CLOSED) setTimeout(() => document.hidden || connect(), RETRY_MS);
    });
  }
  // A hidden page holds no connection: browsers have few of them for one server.
  document.addEventListener("visibilitychange", () => {
    source.close();
    part.removeAttribute("data-connected");
    if (!document.hidden) connect();
  });
  addEventListener("pagehide", () => source.close());
  connect();
}

if (part) {
  follow();
  followPending();
}

// The account menu closes as menus do.
const account = document.querySelector(".account");
if (account) {
  document.addEventListener("click", (event) => {
    if (!account.contains(event.target)) account.open = false;
  });
  account.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !account.open) return;
    account.open = false;
    account.querySelector("summary").focus();
  });
}
