"""The views of the crm example in a real browser, with this script and host.html as the host of MCP Apps.

Run by .ci/run after the tests, which build the example; needs Debian's `chromium`. With --write it keeps a picture of the host's page as
docs/crm.png. The user's token stays in this script: it must never reach the page, and the page never the views.
"""

import asyncio
import http.server
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager

from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from playwright.sync_api import expect, sync_playwright

from world import ROOT, check, environment, free_port, running

CRM = str(ROOT / "target/debug/crm")
ADMIN = str(ROOT / "target/debug/crm-admin")
HOST = ROOT / "tests/interop/host.html"
PICTURE = ROOT / "docs/crm.png"
VERSION = "2026-07-28"
UI = {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}

# The host's own page: its frames stay on the views' origin, whatever a view tries.
OWN = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; frame-src "

DETAILS = """From: team@example.com
Subject: New prices from March

Dear Ada, our prices change on the first of March. Yours stay as they are."""

# What a page with bad intentions tries; it says in its own text what came of each try.
HOSTILE = """<!doctype html><title>Hostile</title>
<p id="fetch"></p><p id="image"></p><p id="host"></p><p id="parent"></p><p id="call"></p>
<form method="post" action="ELSEWHERE/form"></form>
<script>
const tell = (id, text) => { document.getElementById(id).textContent = `${id}: ${text}`; };
const attempt = (id, url) => fetch(url, { method: "POST", mode: "no-cors", body: "{}" }).then(
  () => tell(id, "went through"), () => tell(id, "blocked"));
attempt("fetch", "ELSEWHERE/fetch");
attempt("host", "HOSTPAGE/mcp");
const image = new Image();
image.onload = () => tell("image", "went through");
image.onerror = () => tell("image", "blocked");
image.src = "ELSEWHERE/image.svg";
try { tell("parent", parent.document.title); } catch { tell("parent", "blocked"); }
addEventListener("message", ({ data }) => tell("call", data.error?.message ?? "went through"));
parent.postMessage({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "show_contacts", arguments: {} } }, "*");
</script>"""


class Server:
    """One user's way to the MCP server; the token stays here."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def ask(self, method, params):
        """One request as a host of MCP Apps makes it: the answer's `result` or `error`."""
        meta = {"protocolVersion": VERSION, "clientInfo": {"name": "browser checks", "version": "1.0.0"}}
        meta["clientCapabilities"] = {"extensions": UI}
        params = {**params, "_meta": {f"io.modelcontextprotocol/{key}": value for key, value in meta.items()}}
        headers = {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": VERSION,
            "Mcp-Method": method, "Mcp-Name": params.get("name") or params.get("uri") or "",
        }
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        try:
            answer = urllib.request.urlopen(urllib.request.Request(self.url, body, headers), timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        said = json.loads(answer.read())
        return said if "jsonrpc" in said else {"error": {"code": -32000, "message": f"The server answers {answer.status}."}}

    def call(self, name, **arguments):
        """A direct call by the official client, past every host: the result."""
        async def called():
            client = create_mcp_http_client(headers={"Authorization": f"Bearer {self.token}"})
            async with Client(streamable_http_client(self.url, http_client=client), mode=VERSION) as session:
                return await session.call_tool(name, arguments)

        # The browser's driver has a loop of its own in the main thread.
        results = []
        thread = threading.Thread(target=lambda: results.append(asyncio.run(called())))
        thread.start()
        thread.join()
        return results[0]


class Loopback(http.server.BaseHTTPRequestHandler):
    """A small server; `answer(method, path, body)` gives the content, its type and more headers, or None for 404."""

    protocol_version = "HTTP/1.1"

    def respond(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.command == "POST" and self.server.json_only and self.headers.get("Content-Type") != "application/json":
            return self.send_error(415)
        content, kind, more = self.server.answer(self.command, self.path, body) or (b"", "text/plain", None)
        self.send_response(404 if more is None else 200)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = respond

    def log_message(self, *_):
        pass


@contextmanager
def served(answer, json_only=False):
    """Serves these answers on a free port of the loopback address: its origin."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Loopback)
    server.answer, server.json_only = answer, json_only
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


NONE = "'none'"


def policy(csp):
    """The Content-Security-Policy of a view: what it declared, else nothing from outside."""
    def sources(key, otherwise=""):
        domains = csp.get(key) or []
        if any(re.search(r"[\s;,]", domain) for domain in domains):
            raise SystemExit(f"FAILED: {key} holds what is no domain: {domains}")
        return " ".join(domains) or otherwise

    resources = sources("resourceDomains")
    lines = [
        "default-src 'none'", f"script-src 'self' 'unsafe-inline' {resources}", f"style-src 'self' 'unsafe-inline' {resources}",
        f"img-src 'self' data: {resources}", f"font-src 'self' {resources}", f"media-src 'self' data: {resources}",
        f"connect-src {sources('connectDomains', NONE)}", f"frame-src {sources('frameDomains', NONE)}", "object-src 'none'",
        f"base-uri {sources('baseUriDomains', NONE)}", "form-action 'none'",
    ]
    return "; ".join(line.strip() for line in lines)


class Views:
    """The pages of views, each under an address of its own, on an origin that is not the host's."""

    def __init__(self):
        self.pages = []

    def add(self, html, csp):
        self.pages.append((html.encode(), {"Content-Security-Policy": policy(csp or {})}))
        return f"/{len(self.pages) - 1}"

    def answer(self, _method, path, _body):
        html, headers = self.pages[int(path.strip("/"))]
        return html, "text/html; charset=utf-8", headers


class Host:
    """What host.html asks of this script: itself, a request to the MCP server, and an address for a view."""

    def __init__(self, server, views, views_origin):
        self.server, self.views, self.views_origin = server, views, views_origin
        self.told = []

    def answer(self, method, path, body):
        if (method, path) == ("GET", "/"):
            return HOST.read_bytes(), "text/html; charset=utf-8", {"Content-Security-Policy": OWN + self.views_origin}
        told = json.loads(body)
        if path == "/mcp":
            said = self.server.ask(told["method"], told["params"])
        else:
            said = {"url": self.views_origin + self.views.add(told["html"], told["csp"])}
        self.told.append(json.dumps(said))
        return self.told[-1].encode(), "application/json", {}


class Elsewhere:
    """A place that no view of ours declares. It answers everybody, and keeps who came."""

    def __init__(self):
        self.visits = []

    def answer(self, _method, path, _body):
        self.visits.append(path)
        return b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml", {}


def new_page(browser, origin, faults):
    """The host's page; whatever its console or a script in it complains of goes to `faults`."""
    page = browser.new_page(viewport={"width": 684, "height": 1200}, device_scale_factor=2)
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(origin)
    return page


def show(page, said, tool, **arguments):
    """The model calls a tool with a view: its result, and the view."""
    result = page.evaluate("([said, tool, input]) => show(said, tool, input)", [said, tool, arguments])
    return result, page.frame_locator("section:last-child iframe")


def save(view, name, email):
    view.get_by_label("Name").fill(name)
    view.get_by_label("Email").fill(email)
    view.get_by_role("button", name="Save").click()


def names(server):
    """Who is in the contacts by the server's own word."""
    return sorted(contact["name"] for contact in server.call("show_contacts").structured_content["contacts"])


def use_contacts(page, server):
    _, view = show(page, "Show me my contacts", "show_contacts")
    expect(view.get_by_text("No contacts yet")).to_be_visible()
    check(True, "show_contacts: its view says that there are no contacts yet")
    save(view, "Ada Lovelace", "no address")
    is_valid = view.get_by_label("Email").evaluate("field => field.validity.valid")
    check(not is_valid and names(server) == [], "what is no address is not sent")
    for name, email in [("Ada Lovelace", "ada@example.com"), ("<b>Grace</b> Hopper", "grace@example.com")]:
        save(view, name, email)
        expect(view.get_by_role("listitem").filter(has_text=email)).to_contain_text(name)
        check(name in names(server), f"Save: the page shows {name}, and the server has it")
    view.get_by_role("button", name="Remove <b>Grace</b> Hopper").click()
    expect(view.get_by_role("listitem")).to_have_count(1)
    check(names(server) == ["Ada Lovelace"], "Remove: it is gone from the page and from the server")
    view.get_by_label("Name").fill("Mary Somerville")
    view.get_by_label("Email").fill("mary@example.com")
    view.get_by_label("Email").press("Enter")
    expect(view.get_by_role("listitem")).to_have_count(2)
    expect(view.get_by_label("Name")).to_be_focused()
    check(names(server) == ["Ada Lovelace", "Mary Somerville"], "Enter saves as well, and the focus is back at the name")
    follow_the_host(page, view)


def follow_the_host(page, view):
    """The view has the host's colours, and just the height it needs."""
    paper = "() => getComputedStyle(document.body).backgroundColor"
    frame = page.frames[-1]
    light = frame.evaluate(paper)
    page.evaluate("setTheme('dark')")
    frame.wait_for_function(f"light => ({paper})() !== light", arg=light)
    page.evaluate("setTheme('light')")
    frame.wait_for_function(f"light => ({paper})() === light", arg=light)
    check(True, "the view follows the host from light to dark and back")
    height = view.locator("main").evaluate("main => Math.ceil(main.getBoundingClientRect().height)")
    expect(page.locator("section:last-child iframe")).to_have_css("height", f"{height}px")
    check(True, f"the frame is as high as the view: {height} px")


def use_approval(page, server, write):
    summary = "Send one email to Ada Lovelace?"
    asked, view = show(page, "Send Ada the new prices", "request_approval", summary=summary, details=DETAILS)
    ticket, question = asked["_meta"]["mcp-lambda/ticket"], asked["structuredContent"]["question"]
    seen = json.dumps([asked["content"], asked["structuredContent"]])
    check(ticket and ticket not in seen, "request_approval: the ticket is in `_meta`, not where a model looks")
    expect(view.get_by_role("button", name="Approve")).to_be_enabled()
    check(not is_approved(server, question), "approval_status: not yet approved")
    if write:
        take_picture(page)
    view.get_by_role("button", name="Approve").click()
    expect(view.get_by_role("status")).not_to_have_text("")
    expect(view.get_by_role("button", name="Reject")).to_be_disabled()
    check(is_approved(server, question), f"Approve: approval_status says approved, the page {view.get_by_role('status').inner_text()!r}")
    check(page.evaluate("tearDown()") == {}, "the view answers the host's teardown")


def reject(page, server):
    asked, view = show(page, "Delete everything", "request_approval", summary="Delete all contacts?")
    question = asked["structuredContent"]
    forged = server.call(question["answer"], id=question["question"]["id"], ticket="a guess", answer=True)
    check(forged.is_error and not is_approved(server, question["question"]), "an answer with a guessed ticket is refused")
    view.get_by_role("button", name="Reject").click()
    expect(view.get_by_role("button", name="Approve")).to_be_disabled()
    check(not is_approved(server, question["question"]), "Reject: approval_status does not say approved")
    check(page.evaluate("tearDown()") == {}, "and this view answers the teardown, too")
    return question["answer"]


# One field of each kind, as a flat JSON Schema has them.
FORM = {
    "type": "object",
    "required": ["name", "size"],
    "properties": {
        "name": {"type": "string", "title": "Name", "minLength": 2, "description": "What it is called."},
        "size": {"type": "string", "title": "Size", "enum": ["small", "large"]},
        "wrap": {"type": "string", "title": "Wrapping", "oneOf": [{"const": "box", "title": "A box"}, {"const": "bag", "title": "A bag"}]},
        "email": {"type": "string", "title": "Email", "format": "email", "default": "ada@example.com"},
        "site": {"type": ["string", "null"], "title": "Site", "format": "uri"},
        "day": {"type": "string", "title": "Day", "format": "date"},
        "count": {"type": "integer", "title": "Count", "minimum": 1, "maximum": 9, "default": 2},
        "price": {"type": "number", "title": "Price"},
        "gift": {"type": "boolean", "title": "Gift", "default": True},
        "fast": {"type": "boolean", "title": "Fast"},
    },
}


def ask(page, answer, **question):
    """Puts a question of ours into the server's own view; the server knows nothing of it, and refuses every answer."""
    data = {"question": {"id": "ours", **question}, "answer": answer}
    result = {"content": [], "structuredContent": data, "_meta": {"mcp-lambda/ticket": "ours"}}
    page.evaluate(
        """async result => {
            const tools = await allTools(), tool = tools.find(({ name }) => name === "request_approval");
            const { contents: [page] } = await mcp("resources/read", { uri: tool._meta.ui.resourceUri });
            await open(page, { said: "One more", tool, tools, input: {}, result });
        }""",
        result,
    )
    return page.frame_locator("section:last-child iframe")


def last_answer(page, view, tool):
    """What the view sent, once it has shown that it was refused."""
    expect(view.get_by_role("alert")).not_to_have_text("")
    call = page.evaluate("views.at(-1).calls.at(-1)")
    sent = {"id": "ours", "ticket": "ours", "answer": call["input"].get("answer")}
    check(call == {"name": tool, "input": sent}, f"the view sends its answer, with id and ticket, to {tool}")
    return sent["answer"]


def other_kinds(page, tool):
    view = ask(page, tool, kind="choice", title="Which colour?", options=["Red", "Deep blue"])
    view.get_by_role("button", name="Deep blue").click()
    check(last_answer(page, view, tool) == "Deep blue", "a choice: the option itself")
    view = ask(page, tool, kind="form", title="A parcel", text="What shall be sent?", schema=FORM)
    send = view.get_by_role("button", name="Send")
    send.click()
    check(page.evaluate("views.at(-1).calls") == [], "a form: what is required is asked for before anything is sent")
    view.get_by_label("Name").fill("Books")
    view.get_by_label("Size").select_option("large")
    view.get_by_label("Wrapping").select_option(label="A bag")
    view.get_by_label("Price").fill("1.25")
    view.get_by_label("Fast").check()
    send.click()
    typed = {"name": "Books", "size": "large", "wrap": "bag", "email": "ada@example.com", "count": 2, "price": 1.25, "gift": True, "fast": True}
    check(last_answer(page, view, tool) == typed, f"a form: {typed}")
    expect(send).to_be_enabled()
    expect(view.get_by_label("Name")).to_have_value("Books")
    check(True, "a refused form stays open, with what was typed")


def is_approved(server, question):
    status = server.call("approval_status", id=question["id"])
    if status.is_error:
        raise SystemExit(f"FAILED: approval_status: {status.content[0].text}")
    return "approved" in status.structured_content.values()


def take_picture(page):
    """The host's page around its frames, at twice the size."""
    # Neither the pointer nor the focus stays where the last step left them.
    page.frame_locator("section:first-child iframe").get_by_role("heading").click()
    page.locator("main").screenshot(path=PICTURE, animations="disabled")
    check(PICTURE.stat().st_size < 150_000, f"docs/crm.png is written: {PICTURE.stat().st_size} bytes")


def try_hostile(browser, origin):
    """The host's own fence: a bad page reaches nothing that it did not declare, and only that."""
    elsewhere = Elsewhere()
    with served(elsewhere.answer) as target:
        html = HOSTILE.replace("ELSEWHERE", target).replace("HOSTPAGE", origin)
        came = outcome(browser, origin, html, None, leave=target)
        check(came["fetch"] == came["image"] == "blocked", "an undeclared domain: fetch and image are blocked")
        check(came["host"] == came["parent"] == "blocked", "the host's own page and its way to the server: blocked")
        check(came["call"] == "This page may not call show_contacts.", f"a tool that is not for views: {came['call']!r}")
        check(elsewhere.visits == [], "nor did a form or a navigation reach it: nobody came")
        came = outcome(browser, origin, html, {"connectDomains": [target], "resourceDomains": [target]})
        check(came["fetch"] == came["image"] == "went through", "once declared, the same fetch and image go through")
        check(came["host"] == "blocked", "and nothing else does")
        check(sorted(elsewhere.visits) == ["/fetch", "/image.svg"], "the domain saw these two requests")


def outcome(browser, origin, html, csp, leave=None):
    """What became of each try; with `leave`, the page at last tries to go there, by its form and by itself."""
    faults = []
    page = new_page(browser, origin, faults)
    contents = {"text": html, "_meta": {"ui": {"csp": csp} if csp else {}}}
    page.evaluate(
        "async page => open(page, { said: 'Hello', tool: { name: 'hostile' }, tools: await allTools(), input: {} })", contents
    )
    view = page.frame_locator("section iframe")
    for line in ["fetch", "image", "host", "parent", "call"]:
        expect(view.locator(f"#{line}")).not_to_be_empty()
    lines = [line.split(": ", 1) for line in view.locator("p").all_inner_texts()]
    if leave:
        for directive, leaving in [("form-action", "document.forms[0].submit()"), ("frame-src", f"location = '{leave}/gone'")]:
            with page.expect_console_message(lambda message: directive in message.text):
                page.frames[-1].evaluate(f"() => {{ setTimeout(() => {leaving}) }}")
    page.close()
    return dict(lines)


def admin(env, *arguments):
    output = subprocess.run([ADMIN, "--json", *arguments], env=env, capture_output=True, text=True, timeout=60)
    if output.returncode:
        raise SystemExit(f"FAILED: crm-admin {' '.join(arguments)}: {output.stderr}")
    return json.loads(output.stdout)


@contextmanager
def crm():
    """The example as a user of it has it, and what takes the user's tokens away."""
    with tempfile.TemporaryDirectory() as home:
        env, port = environment(home), free_port()
        base = f"http://127.0.0.1:{port}"
        with running([CRM, "serve", "--port", str(port)], env, f"{base}/health"):
            admin(env, "connect", "local")
            token = admin(env, "users", "add", "alice@example.com")["token"]
            yield Server(f"{base}/mcp", token), lambda: admin(env, "users", "revoke", "alice@example.com")


def be_revoked(page, revoke):
    """A view that outlives its user's token says so, and goes on."""
    view = page.frame_locator("section:first-child iframe")
    revoke()
    save(view, "Too Late", "late@example.com")
    expect(view.get_by_role("alert")).to_have_text("the token is not valid")
    expect(view.get_by_label("Name")).to_have_value("Too Late")
    check(True, "after `users revoke`, Save says that it failed, and keeps what was typed")


def installed():
    """Debian's Chromium: the driver must not look for one of its own."""
    return shutil.which("chromium") or sys.exit("FAILED: no `chromium` on this machine (apt-get install chromium)")


def main(write):
    print("-- views in Chromium", flush=True)
    expect.set_options(timeout=30_000)
    with ExitStack() as stack:
        (server, revoke), views = stack.enter_context(crm()), Views()
        host = Host(server, views, stack.enter_context(served(views.answer)))
        origin = stack.enter_context(served(host.answer, json_only=True))
        chromium = stack.enter_context(sync_playwright()).chromium
        # Without the flag, frames of another process are drawn at half the size of the page around them.
        sharp = ["--force-device-scale-factor=2"]
        browser = stack.enter_context(chromium.launch(executable_path=installed(), args=sharp))
        faults = []
        page = new_page(browser, origin, faults)
        use_contacts(page, server)
        use_approval(page, server, write)
        other_kinds(page, reject(page, server))
        try_hostile(browser, origin)
        be_revoked(page, revoke)
        check(faults == [], f"no error and no breach of the policy in the console {faults or ''}".strip())
        check(host.told and server.token not in "".join(host.told), "the token never reached the page")
    print("browser: all of it holds", flush=True)


main("--write" in sys.argv[1:])
