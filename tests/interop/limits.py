#!/usr/bin/env python3
"""Measures what hostile requests and connections cost a local server, and prints it as tables.

    tests/interop/limits.py target/release/notes

Resident memory at its peak for the worst bodies under the limits, one and sixteen at once, through `/mcp`, `/admin/*` and
stdio; descriptors, log bytes and whether anyone else is still answered after 2,000 hostile connections. Only loopback, and
each server is a new process with a home of its own. Needs Linux (`/proc`) and nothing but Python; ends within three minutes.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import resource
import socket
import subprocess
import tempfile
import threading
import time

KEY = "limits-limits-limits-limits-limits-key"
BODY = 4 * 1024 * 1024
HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


class Server:
    """`serve` on a free port, with a home and a log of its own."""

    def __init__(self, binary, descriptors=None):
        self.home = tempfile.TemporaryDirectory()
        self.log = os.path.join(self.home.name, "log")
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
        environment = {"HOME": self.home.name, "SIGNING_KEY": KEY}
        command = [binary, "serve", "--port", "0"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=limit)
        self.port = self.wait_for_port()
        self.registered = self.ask("POST", "/admin/users", {"email": "a@example.com"}, admin_token())[1]
        self.token = json.loads(self.registered)["token"]

    def wait_for_port(self):
        for _ in range(400):
            with open(self.log) as log:
                for line in log:
                    if "serves MCP at http://" in line:
                        return int(line.split("/mcp")[0].rsplit(":", 1)[1])
            time.sleep(0.05)
        raise SystemExit("the server did not start: " + open(self.log).read())

    def ask(self, method, path, body, token, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, {**HEADERS, "authorization": "Bearer " + token})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError as error:
            return type(error).__name__, b""
        finally:
            connection.close()

    def memory(self, name="VmHWM"):
        return memory(self.process.pid, name)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log_bytes(self):
        return os.path.getsize(self.log)

    def stop(self):
        """Tells the server to stop, and gives the seconds that took."""
        started = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.home.cleanup()
        return time.monotonic() - started


def memory(process, name):
    with open(f"/proc/{process}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":")) / 1024


def admin_token():
    now = int(time.time())
    encoded = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")
    claims = {"sub": "admin", "scope": "admin", "iat": now, "exp": now + 300}
    text = encoded(b'{"alg":"HS256","typ":"JWT"}') + b"." + encoded(json.dumps(claims).encode())
    return (text + b"." + encoded(hmac.new(KEY.encode(), text, hashlib.sha256).digest())).decode()


def fill(piece, count, room):
    """An array of a piece, as often as both bounds let it be, and a string that fills the rest."""
    count = max(1, min(count, (room - 10) // (len(piece) + 1)))
    text = b",".join([piece] * count)
    return b"[" + text + b',"' + b"x" * max(0, room - len(text) - 10) + b'"]'


def values(limit, room):
    """JSON values that are costly to read: name, text. `limit` counts every value and every key."""
    keys = b",".join(b'"k%d":0' % number for number in range(min(limit // 2, room // 10)))
    objects = b",".join(b'"k%d":{"a":0}' % number for number in range(min(limit // 4, room // 18)))
    yield "array of numbers", fill(b"0", limit, room)
    yield "array of empty arrays", fill(b"[]", limit, room)
    yield "array of strings", fill(b'"ab"', limit, room)
    yield "one-field objects", fill(b'{"a":0}', limit // 3, room)
    yield "nested 30 deep", fill(b'{"a":' * 30 + b"0" + b"}" * 30, limit // 61, room)
    yield "many keys", b"{" + keys + b"}"
    yield "many keys of objects", b"{" + objects + b"}"
    yield "one key, again and again", b"{" + b",".join([b'"a":{"a":0}'] * min(limit // 4, room // 12)) + b"}"
    yield "one long string", b'"' + b"x" * (room - 2) + b'"'
    yield "one string of escapes", b'"' + b"\\n" * (room // 2 - 2) + b'"'
    yield "one long number", b"1" + b"0" * 200 + b"." + b"1" * (room - 300)


def bodies(limit):
    room, limit = BODY - 400, limit - 40
    for name, value in values(limit, room):
        yield name, call(b'{"text":' + value + b"}")
    objects = dict(values(limit, room))["one-field objects"]
    yield "objects in `_meta`", call(b'{"text":"a"}', b',"_meta":{"x":' + objects + b"}")
    yield "objects in an unknown parameter", call(b'{"text":"a"}', b',"x":' + objects)
    yield "objects beside `params`", call(b'{"text":"a"}', b"", b',"x":' + objects)


def call(arguments, params=b"", beside=b""):
    head = b'{"jsonrpc":"2.0","id":1,"method":"tools/call"' + beside
    return head + b',"params":{"name":"add_note","arguments":' + arguments + params + b"}}"


def admin_bodies(limit):
    room, limit = BODY - 400, limit - 40
    for name, value in values(limit, room):
        if name in ("one-field objects", "many keys of objects", "one long string", "array of numbers"):
            yield "import: " + name, "POST", "/admin/imports", b'{"email":"NEW","data":{"a":' + value + b"}}"
            yield "profile: " + name, "PATCH", "/admin/users/a@example.com/profile", b'{"a":' + value + b"}"


def at_once(server, count, ask):
    answers = [None] * count
    threads = [threading.Thread(target=lambda n=n: answers.__setitem__(n, ask(n))) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted({str(answer[0]) for answer in answers})
    return server.memory(), "/".join(statuses)


def row(name, *cells):
    print(f"| {name:40} | " + " | ".join(f"{cell:>22}" for cell in cells) + " |", flush=True)


def measure_bodies(binary, limit):
    row("body", "one: peak MB", "16: peak MB", "16: after MB")
    server = Server(binary)
    row("(at rest)", f"{server.memory():.0f}", "", "")
    server.stop()
    asks = [(name, "POST", "/mcp", body) for name, body in bodies(limit)] + list(admin_bodies(limit))
    for name, method, path, body in asks:
        token = (lambda server: server.token) if path == "/mcp" else (lambda server: admin_token())
        peaks = []
        server = Server(binary)
        for count in (1, 16):
            new = lambda n: body.replace(b"NEW", b"n%d-%d@example.com" % (count, n), 1)
            peak, statuses = at_once(server, count, lambda n: server.ask(method, path, new(n), token(server)))
            peaks.append(f"{peak:.0f} ({statuses})")
        row(name, *peaks, f"{server.memory('VmRSS'):.0f}")
        server.stop()


def measure_stdio(binary, limit):
    row("stdio: one line", "peak MB", "answered", "")
    lines = [(name, body) for name, body in bodies(limit) if name in ("one-field objects", "array of numbers", "one long string")]
    lines += [("4 MiB of one-field objects", dict(bodies(10**9))["one-field objects"])]
    lines += [("64 MiB without an end", b"x" * (64 * 1024 * 1024)), ("no JSON", b"{oops"), ("100,000 deep", b"[" * 100_000)]
    for name, line in lines:
        with tempfile.TemporaryDirectory() as home:
            command = [binary, "stdio", "--user", "a@example.com", "--create"]
            environment = {"HOME": home, "SIGNING_KEY": KEY}
            process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            info = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
            hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": info}
            process.stdin.write(json.dumps(hello).encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
            process.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n' + line + b"\n")
            process.stdin.write(b'{"jsonrpc":"2.0","id":"last","method":"ping"}\n')
            process.stdin.flush()
            answers = [json.loads(process.stdout.readline())]
            while answers[-1].get("id") != "last" and len(answers) < 2:
                answers.append(json.loads(process.stdout.readline()))
            said = next((str(answer.get("error", {}).get("code", "result")) for answer in answers if answer.get("id") != "last"), "nothing")
            row(name, f"{memory(process.pid, 'VmHWM'):.0f}", said, "")
            process.stdin.close()
            process.wait(20)


def hostile(server, kind):
    """One connection that does not do what it should."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(2)
    try:
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(kind(server))
    except OSError:
        pass
    connection.setblocking(False)
    return connection


SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
KINDS = {
    "silent": lambda server: b"",
    "half an HTTP/2 preface": lambda server: b"PRI * HTTP/2.0\r\n",
    "HTTP/2 and no request": lambda server: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SETTINGS,
    "300 kB of a header": lambda server: b"GET /health HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 300_000,
    "a body that never comes": lambda server: post(server, 4_000_000) + b"{",
    "an answer of 2 MB, unread": lambda server: post(server, len(LIST)) + LIST,
    "a wrong token": lambda server: b"POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer x\r\ncontent-length: 0\r\n\r\n",
}
LIST = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_notes","arguments":{}}}'


def post(server, length):
    head = f"POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {server.token}\r\ncontent-length: {length}\r\n"
    return (head + "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()) + "\r\n").encode()


def measure_connections(binary, count):
    row(f"{count} connections", "peak MB", "descriptors at once", "log bytes")
    row("(each for 33 s, 1,024 descriptors)", "after 33 s", "descriptors, /health", "SIGTERM: seconds")
    servers = []
    for name, kind in KINDS.items():
        server = Server(binary, descriptors=1024)
        if "unread" in name:
            for _ in range(6):
                server.ask("POST", "/mcp", json.loads(call(b'{"text":"%s"}' % (b"x" * 350_000))), server.token)
        before = server.log_bytes()
        servers.append((name, server, [hostile(server, kind) for _ in range(count // len(KINDS))], before))
    started = time.monotonic()
    first = [(server.memory(), server.descriptors()) for _, server, _, _ in servers]
    time.sleep(max(0.0, 33 - (time.monotonic() - started)))
    for (name, server, connections, before), (peak, descriptors) in zip(servers, first):
        health, _ = server.ask("GET", "/health", b"", "x", timeout=3)
        row(name, f"{server.memory():.0f}", f"{descriptors} of {len(connections)}", f"{server.log_bytes() - before}")
        left, stopped = server.descriptors(), server.stop()
        row("", f"{peak:.0f}", f"{left}, /health {health}", f"{stopped:.1f}")
        for connection in connections:
            connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("binary", help="a server such as target/release/notes")
    parser.add_argument("--values", type=int, default=40_000, help="the bound on values in one body")
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--only", choices=["bodies", "stdio", "connections"])
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, arguments.connections + 1_000), hard))
    binary, only = os.path.abspath(arguments.binary), arguments.only
    if only in (None, "bodies"):
        measure_bodies(binary, arguments.values)
    if only in (None, "stdio"):
        measure_stdio(binary, arguments.values)
    if only in (None, "connections"):
        measure_connections(binary, arguments.connections)


if __name__ == "__main__":
    main()
