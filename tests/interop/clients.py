"""The programs that people connect (Claude Code, Codex, Gemini CLI, mcp-remote, the Inspector), against the notes example.

All of it runs in a network namespace that has loopback and nothing else, each client with a home of its own, connected by what
`notes-admin register` prints. Prints what each could do, and what it says once its user is revoked or gone. Its words may change,
what it can do may not. A client whose model decides what to call gets one that follows a script. It must never reach another
machine.
"""

import asyncio
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import models
from mcp import Client as PythonClient, StdioServerParameters
from mcp.client.stdio import stdio_client
from world import ROOT, check, environment, free_port, running

NOTES = str(ROOT / "target/debug/notes")
ADMIN = str(ROOT / "target/debug/notes-admin")
INSTALLED = ROOT / "target/clients"
TOOLS = ["add_note", "count_notes", "list_notes", "remove_note"]
USER = "alice@example.com"
# Set for the process inside the namespace.
INSIDE = "CLIENTS_INSIDE"
STEPS = ["connect", "list", "call"]


def isolate():
    """Starts this script again in a namespace of its own."""
    command = ["unshare", "--net", sys.executable, *sys.argv]
    raise SystemExit(subprocess.run(command, env={**os.environ, INSIDE: "1"}, timeout=600).returncode)


def bring_up_loopback():
    """`ip link set lo up`, for machines without `ip`; then proves that nothing else can be reached."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP
    check([name for _, name in socket.if_nameindex()] == ["lo"], "the namespace has loopback alone")


def run(command, env, cwd, seconds=60):
    """What a command says on both streams, and its exit code."""
    done = subprocess.run(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=seconds)
    return done.returncode, done.stdout


class Operator:
    """Runs notes-admin with its own store and connection."""

    def __init__(self, home):
        self.env = environment(home, XDG_CONFIG_HOME=f"{home}/.config", XDG_DATA_HOME=f"{home}/.local/share")

    def admin(self, *arguments, home=None):
        """What a command answers; with another home, it writes the files of the client whose home that is."""
        env = {**self.env, **({"HOME": str(home)} if home else {})}
        done = subprocess.run([ADMIN, "--json", *arguments], env=env, capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"notes-admin {' '.join(arguments)} {done.stderr.strip()}")
        return json.loads(done.stdout)

    def add_user(self):
        self.admin("connect", "local")
        self.admin("users", "add", USER)

    def register(self, client, *more, home=None):
        """What `register` prints for a client."""
        return self.admin("register", "--client", client, "--user", USER, *more, home=home)[0]


class Program:
    """A client program with a home of its own."""

    name = ""

    def __init__(self, home, operator=None):
        """Over HTTP to the server of this operator; without one the client starts a server itself, with a store in its own home."""
        self.home, self.over = Path(home), "HTTP" if operator else "stdio"
        self.operator = operator or Operator(home)
        self.work = self.home / "work"
        self.work.mkdir(parents=True)
        programs = self.home / "programs"
        programs.mkdir()
        self.env = environment(home, TERM="dumb", TMPDIR=str(self.home), PATH=f"{programs}:{INSTALLED}/node_modules/.bin:{os.environ['PATH']}")
        self.place(programs)

    def place(self, programs):
        """Puts what npm's own script would have put there, which is not run here."""

    def run(self, *command, **more):
        return run(list(command), {**self.env, **more}, self.work)

    def paste(self, line):
        """Runs a printed line in a shell."""
        code, said = self.run("bash", "-c", line)
        check(code == 0, f"{self.name}: the printed line runs {'' if code == 0 else said}")

    def registered(self, client, *more):
        """What `register` prints for this client, and does with `--apply`."""
        stdio = ["--stdio"] if self.over == "stdio" else []
        return self.operator.register(client, *stdio, *more, home=self.home)

    def connect(self):
        """Makes the server known to the client."""

    def ask(self):
        """What the client can do now: for each step whether it could, and its words."""
        raise NotImplementedError


def line_with(text, word):
    """The first line with this word, or the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if word in line), lines[-1] if lines else "nothing")


class ClaudeCode(Program):
    name = "Claude Code"

    def place(self, programs):
        native = next((INSTALLED / "node_modules/@anthropic-ai").glob("claude-code-linux-*/claude"))
        (programs / "claude").symlink_to(native)

    def connect(self):
        self.paste(self.registered("claude-code")["text"])

    def ask(self):
        _, listed = self.run("claude", "mcp", "list")
        _, shown = self.run("claude", "mcp", "get", "notes")
        script = models.Script("mcp__notes__add_note", {"text": "by Claude Code"})
        with models.serving(models.anthropic, script) as url:
            self.run("claude", "-p", "Add a note.", "--allowedTools", script.tool, ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY="none",
                     ENABLE_TOOL_SEARCH="false", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1")
        words = line_with(listed, "notes:").partition(" - ")[2]
        called = [answer for answer in script.answers if not answer.get("is_error")]
        return {
            "connect": (listed.count("Connected") == 1 and "Status: ✔ Connected" in shown, words),
            "list": (all(f"mcp__notes__{tool}" in script.tools for tool in TOOLS), ""),
            "call": (bool(called), json.dumps(script.answers)),
        }


class GeminiCli(Program):
    name = "Gemini CLI"

    def place(self, programs):
        # Servers of a folder that is not trusted are off; this is what `/permissions` writes, and how it signs in.
        self.env.update(GEMINI_CLI_TRUST_WORKSPACE="true", GEMINI_API_KEY="none")
        settings = self.home / ".gemini/settings.json"
        settings.parent.mkdir()
        settings.write_text('{"security": {"auth": {"selectedType": "gemini-api-key"}}}')

    def connect(self):
        self.paste(self.registered("gemini-cli")["text"])

    def ask(self):
        _, listed = self.run("gemini", "mcp", "list")
        script = models.Script("mcp_notes_add_note", {"text": "by Gemini CLI", "wait_for_previous": True})
        with models.serving(models.gemini, script) as url:
            self.run("gemini", "-m", "gemini-2.5-flash", "-p", "Add a note.", "--yolo", GOOGLE_GEMINI_BASE_URL=url)
        words = line_with(listed, "notes:").partition(" - ")[2]
        answer = json.dumps(script.answers)
        return {
            "connect": (words == "Connected", words),
            "list": (all(f"mcp_notes_{tool}" in script.tools for tool in TOOLS), ""),
            "call": ("by Gemini CLI" in answer and "error" not in answer.lower(), answer),
        }


class Codex(Program):
    name = "Codex CLI"

    def connect(self):
        """By `--apply`, which keeps the token in a file and says how to hand it over."""
        notes = self.registered("codex-cli", "--apply")["notes"]
        exports = re.findall(r"`(export [^`]+)`", " ".join(notes))
        check(len(exports) == (self.over == "HTTP"), f"{self.name}: it is told how to hand over the token")
        self.start = "; ".join([*exports, "exec codex app-server"])

    def ask(self):
        with self.app_server() as request:
            request("initialize", {"clientInfo": {"name": "interop", "version": "1"}})
            server = request("mcpServerStatus/list", {})["result"]["data"][0]
            thread = request("thread/start", {"cwd": str(self.work)})["result"]["thread"]["id"]
            call = {"server": "notes", "threadId": thread, "tool": "add_note", "arguments": {"text": "by Codex"}}
            called = request("mcpServer/tool/call", call)
        listed = sorted(server["tools"])
        words = (server.get("toolsError") or "").splitlines()
        refusal = re.findall(r"error: ([^:]*?)(?:, when|$)", words[0])[-1:] if words else []
        return {
            "connect": (server["serverInfo"] is not None, refusal[0] if refusal else " ".join(words)),
            "list": (listed == TOOLS, ""),
            "call": ("result" in called and not called["result"]["isError"], json.dumps(called)),
        }

    @contextmanager
    def app_server(self):
        """What an editor starts: JSON-RPC, one message a line."""
        command = ["bash", "-c", self.start]
        with open(self.home / "app-server.log", "a") as log:
            server = subprocess.Popen(command, env=self.env, cwd=self.work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)

        def request(method, parameters):
            server.stdin.write(json.dumps({"id": method, "method": method, "params": parameters}) + "\n")
            server.stdin.flush()
            for line in server.stdout:
                message = json.loads(line)
                if message.get("id") == method:
                    return message
            raise SystemExit(f"FAILED: Codex ended before it answered {method}")

        try:
            yield request
        finally:
            server.kill()
            server.wait(30)


class McpRemote(Program):
    """The bridge for clients that only start a process, with the official Python client in front of it."""

    name = "mcp-remote"

    def connect(self):
        self.server = json.loads(self.registered("stdio")["text"])["mcpServers"]["notes"]

    def ask(self):
        # `npx` finds what is installed in this folder, and asks no registry.
        command = StdioServerParameters(command=self.server["command"], args=self.server["args"], env={**self.env, **self.server["env"]}, cwd=INSTALLED)
        log = self.home / "mcp-remote.log"
        try:
            listed, called = asyncio.run(asyncio.wait_for(self.use(command, log), 60))
        except Exception:  # what the client raises is its own affair; the bridge's log has the words
            return {step: (False, line_with(log.read_text(), "rror")) for step in STEPS}
        return {"connect": (True, "Connected"), "list": (listed == TOOLS, ""), "call": (not called.is_error, str(called.content))}

    async def use(self, command, log):
        with open(log, "w") as errlog:
            async with PythonClient(stdio_client(command, errlog=errlog), mode="legacy") as session:
                tools = await session.list_tools()
                return sorted(tool.name for tool in tools.tools), await session.call_tool("add_note", {"text": "by mcp-remote"})


class Inspector(Program):
    name = "Inspector"

    def connect(self):
        entry = json.loads(self.registered("stdio")["text"])["mcpServers"]["notes"]
        if self.over == "stdio":
            # Its own options stand before this.
            self.server = ["--", entry["command"], *entry["args"]]
        else:
            token = entry["env"]["NOTES_TOKEN"]
            self.server = ["--transport", "http", "--header", f"Authorization: {token}", "--stored-auth-only", "--", entry["args"][2]]

    def ask(self):
        # It is strict about schemas that some client can't take.
        listing, listed = self.inspect("tools/list", "--strict")
        calling, called = self.inspect("tools/call", "--tool-name", "add_note", "--tool-arg", "text=by the Inspector")
        names = re.findall(r'^ {6}"name": "(\w+)"', listed, re.M)
        words = line_with(listed, '"error"')
        return {
            "connect": (listing == 0, "Connected" if listing == 0 else words),
            "list": (sorted(names) == TOOLS, ""),
            "call": (calling == 0 and '"isError": false' in called, called),
        }

    def inspect(self, method, *options):
        return self.run("inspector", "--cli", "--method", method, *options, *self.server)


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        print("  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[-1]]), flush=True)


def version(package):
    return json.loads((INSTALLED / "node_modules" / package / "package.json").read_text())["version"]


# By HTTP, and those that also start a server themselves.
PROGRAMS = {
    ClaudeCode: "@anthropic-ai/claude-code", Codex: "@openai/codex", GeminiCli: "@google/gemini-cli", McpRemote: "mcp-remote",
    Inspector: "@modelcontextprotocol/inspector",
}
STARTERS = [ClaudeCode, Codex, GeminiCli, Inspector]


def use_all(programs):
    """Every client while its user may call, and what could not be done."""
    faults = []
    for program in programs:
        program.connect()
        program.before = program.ask()
        faults += [f"{program.name} over {program.over} can't {step}: {words}"
                   for step, (could, words) in program.before.items() if not could]
    return faults


def refuse_all(programs):
    """Every client once its user is revoked or gone, and what could be done all the same."""
    faults = []
    for program in programs:
        program.after = program.ask()
        faults += [f"{program.name} over {program.over} can {step} though its user is revoked or gone"
                   for step, (could, _) in program.after.items() if could]
    return faults


def rows(programs):
    yield ["client", "over", *STEPS, "after `users revoke` (HTTP) or `users purge` (stdio) it says"]
    for program in programs:
        could = ["yes" if could else "NO" for could, _ in program.before.values()]
        said = program.after["connect"][1][:400]
        yield [f"{program.name} {version(PROGRAMS[type(program)])}", program.over, *could, said]


@contextmanager
def served(operator, log):
    """The notes example with one user, as `serve` serves it."""
    port = free_port()
    with open(log, "w") as lines, running([NOTES, "serve", "--port", str(port)], operator.env, f"http://127.0.0.1:{port}/health", log=lines):
        operator.add_user()
        yield


def main():
    bring_up_loopback()
    with tempfile.TemporaryDirectory() as home:
        operator = Operator(f"{home}/operator")
        with served(operator, Path(home) / "serve.log"):
            programs = [kind(f"{home}/{kind.__name__}", operator) for kind in PROGRAMS]
            starters = [kind(f"{home}/{kind.__name__}-stdio") for kind in STARTERS]
            for starter in starters:
                starter.operator.add_user()
            faults = use_all([*programs, *starters])
            operator.admin("users", "revoke", USER)
            # No token stands between a store and whoever starts a server on it: only a user that is gone is refused there.
            for starter in starters:
                starter.operator.admin("users", "purge", USER, "--yes")
            faults += refuse_all([*programs, *starters])
    table(list(rows([*programs, *starters])))
    if faults:
        raise SystemExit("FAILED: " + "\n".join(faults))
    print("clients: each connects, lists and calls, and none once its user is revoked or gone", flush=True)


main() if INSIDE in os.environ else isolate()
