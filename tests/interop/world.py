"""What both scripts of the interop checks need of the world: ports, servers that come up, and a plain request."""

import json
import socket
import time
import urllib.error
import urllib.request


def free_port(preferred=0):
    """The preferred port, or any free one where it is taken."""
    for wanted in [preferred, 0]:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
                return probe.getsockname()[1]
            except OSError:
                pass
    raise SystemExit("FAILED: no port is free")


def wait_for(url, process, seconds, said=lambda: ""):
    """Asks until something answers, whatever it says; the process must not have ended meanwhile."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"FAILED: the server ended with {process.returncode} {said()}")
        try:
            urllib.request.urlopen(url, timeout=60).read()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit(f"FAILED: nothing answers at {url}")


def status(url, token):
    """The status of a plain request with this token."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25",
    }
    try:
        return urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code
