"""What the scripts of the interop checks need of the world: ports, servers that come up, and a plain request.

It must never end a process that it did not start.
"""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Built with the whole workspace, as the tests are.
EVERYTHING = str(ROOT / "target/debug/everything")
KEY = "interop-key-0123456789-0123456789"
# What `.ci/run` installs from the files in `typescript/`.
NODE_MODULES = ROOT / "target/node/node_modules"
NODE = NODE_MODULES / ".bin/node"


def say(text):
    print(f"  {text}", flush=True)


def check(holds, what):
    if not holds:
        raise SystemExit(f"FAILED: {what}")
    say(f"ok: {what}")


def environment(home, **more):
    """Nothing of the machine's own but the path, and a home that is empty."""
    return {"HOME": home, "PATH": os.environ["PATH"], **more}


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


@contextmanager
def running(command, env, url, seconds=30, log=None):
    """Runs a server until the block ends; its log goes to this file, or where ours goes."""
    process = subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True, stderr=log)
    try:
        wait_for(url, process, seconds)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def emulator(name, port, settings, build=()):
    """The Lambda emulator on this port, with these settings for the function.

    Without a package among cargo's arguments it is built with the features of the whole workspace: as the tests have built it.
    """
    variables = [argument for key, value in settings.items() for argument in ("--env-var", f"{key}={value}")]
    watch = ["cargo", "lambda", "watch", "--ignore-changes", "--bin", name, *build]
    return [*watch, "--invoke-address", "127.0.0.1", "--invoke-port", str(port), *variables]


@contextmanager
def everything_served(home, log=None):
    """The example with everything in it, as `serve` serves it: where it is."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running([EVERYTHING, "serve", "--port", str(port)], environment(home), f"{base}/health", log=log):
        yield base


@contextmanager
def everything_emulated(home):
    """The same through the Lambda emulator, whose own origin browsers may use."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {
        "ALLOW_ANONYMOUS": "true", "SIGNING_KEY": KEY, "APP_USERS_PATH": f"{home}/emulated", "RESPONSE_MODE": "stream",
        "ALLOWED_ORIGINS": base,
    }
    with running(emulator("everything", port, settings), dict(os.environ), f"{base}/health", seconds=900):
        yield base
