"""The official Python client against the notes example: over HTTP, over stdio, and through the Lambda emulator.

The part with DynamoDB builds for release what is deployed, and runs that. Each part prints what it does and fails on the first difference.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from world import KEY, ROOT, check, emulator, environment, free_port, running, say, status

NOTES = str(ROOT / "target/debug/notes")
ADMIN = str(ROOT / "target/debug/notes-admin")
STORE_LAWS = str(ROOT / "target/debug/store-laws")
ERAS = ["auto", "2026-07-28", "legacy"]
# One request at a time: moto reads and writes an item in two steps, between which its own threads lose each other's.
MOTO = """
import sys
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
"""


def admin(env, *arguments):
    output = subprocess.run([ADMIN, "--json", *arguments], env=env, capture_output=True, text=True, timeout=60)
    if output.returncode:
        raise SystemExit(f"FAILED: notes-admin {' '.join(arguments)}: {output.stderr}")
    return json.loads(output.stdout)


def client(url, token, mode):
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {token}"})
    return Client(streamable_http_client(url, http_client=http), mode=mode)


async def use_notes(connection, text):
    """Lists the tools, adds a note, and finds it again as structured content."""
    async with connection as session:
        names = sorted(tool.name for tool in (await session.list_tools()).tools)
        check(names == ["add_note", "count_notes", "list_notes", "remove_note"], f"{session.protocol_version} lists {', '.join(names)}")
        added = await session.call_tool("add_note", {"text": text})
        check(added.structured_content["text"] == text, f"add_note answers {added.structured_content}")
        notes = (await session.call_tool("list_notes", {})).structured_content["notes"]
        check(added.structured_content in notes, f"list_notes has it among {len(notes)}")
        return notes


async def see_notes(connection):
    async with connection as session:
        return (await session.call_tool("list_notes", {})).structured_content["notes"]


async def over_http(home):
    print("-- official Python client over HTTP, embedded store", flush=True)
    env, port = environment(home), free_port()
    base = f"http://127.0.0.1:{port}"
    with running([NOTES, "serve", "--port", str(port)], env, f"{base}/health"):
        admin(env, "connect", "local")
        alice = admin(env, "users", "add", "alice@example.com")["token"]
        bob = admin(env, "users", "add", "bob@example.com")["token"]
        for mode in ERAS:
            await use_notes(client(f"{base}/mcp", alice, mode), f"milk ({mode})")
        check(len(await see_notes(client(f"{base}/mcp", alice, "auto"))) == len(ERAS), "alice has all her notes")
        check(await see_notes(client(f"{base}/mcp", bob, "auto")) == [], "bob sees none of alice's notes")
        check(status(f"{base}/mcp", alice) == 200, "alice's token works: 200")
        admin(env, "users", "revoke", "alice@example.com")
        check(status(f"{base}/mcp", alice) == 401, "after `users revoke`, alice's next call is 401")
        again = admin(env, "tokens", "create", "alice@example.com")["token"]
        check(status(f"{base}/mcp", again) == 200, "a token made at once works: 200")
        check(len(await see_notes(client(f"{base}/mcp", again, "auto"))) == len(ERAS), "and her notes are still there")
        check(status(f"{base}/mcp", alice) == 401, "the old token stays dead: 401")


async def over_stdio(home):
    print("-- official Python client over stdio", flush=True)
    env = environment(home)
    for mode in ERAS:
        command = StdioServerParameters(command=NOTES, args=["stdio", "--user", "alice@example.com"], env=env)
        await use_notes(Client(command, mode=mode), f"bread ({mode})")


# As `template.yaml` builds it.
DEPLOYED = ["--release", "-p", "notes", "--no-default-features"]


def tell_size():
    """How large the deployment's zip would be; the bench holds it against its budget."""
    size = len(zlib.compress((ROOT / "target/release/notes").read_bytes(), 6))
    say(f"the deployment's zip would have {size / 1e6:.2f} MB; at most 4.00 by the budget")


async def through_the_emulator(home, mode):
    print(f"-- official Python client through `cargo lambda watch`, RESPONSE_MODE={mode}", flush=True)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {"SIGNING_KEY": KEY, "APP_USERS_PATH": f"{home}/emulated", "RESPONSE_MODE": mode}
    env = environment(home, THE_KEY=KEY)
    with running(emulator("notes", port, settings), dict(os.environ), f"{base}/health", seconds=900):
        admin(env, "connect", base, "--signing-key-env", "THE_KEY")
        alice = admin(env, "users", "add", f"{mode}@example.com")["token"]
        for era in ERAS:
            await use_notes(client(f"{base}/mcp", alice, era), f"salt ({era})")
        admin(env, "users", "revoke", f"{mode}@example.com")
        check(status(f"{base}/mcp", alice) == 401, "after `users revoke`, the next call is 401")


async def on_moto(home):
    print("-- DynamoDB and Secrets Manager by moto, through `cargo lambda watch`, with the build that is deployed", flush=True)
    aws_port, port = free_port(), free_port()
    aws, base = f"http://127.0.0.1:{aws_port}", f"http://127.0.0.1:{port}"
    cloud = {"AWS_ENDPOINT_URL": aws, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    env = environment(home, **cloud)
    names = {"USERS_TABLE": "notes-users", "SIGNING_KEY_SECRET": "notes-key"}
    # Its own log of every request would hide ours.
    moto = ["sh", "-c", f"exec {sys.executable} -c '{MOTO}' {aws_port} >/dev/null 2>&1"]
    with running(moto, env, f"{aws}/moto-api/"):
        subprocess.run([STORE_LAWS, aws], env=env, check=True, timeout=300)
        say("ok: every law of the store holds on moto")
        for is_new in [True, False]:
            made = admin(env, "aws", "init", "--table", names["USERS_TABLE"], "--secret", names["SIGNING_KEY_SECRET"])
            check(made["table_is_new"] == is_new and made["secret_is_new"] == is_new, f"aws init: new is {is_new}")
        settings = {**names, **cloud, "RESPONSE_MODE": "stream"}
        with running(emulator("notes", port, settings, DEPLOYED), dict(os.environ), f"{base}/health", seconds=1500):
            admin(env, "connect", base, "--signing-key-secret", names["SIGNING_KEY_SECRET"])
            kept = json.loads((Path(home) / ".config/notes/setup.json").read_text())
            key = kept["connections"][kept["current"]]["key"]
            check(key == {"secret": {"name": names["SIGNING_KEY_SECRET"], "region": "eu-west-1", "profile": None}}, f"the key itself is not kept, where it is is: {key}")
            alice = admin(env, "users", "add", "alice@example.com")["token"]
            for era in ERAS:
                await use_notes(client(f"{base}/mcp", alice, era), f"pepper ({era})")
            tell_size()
            rotated = admin(env, "aws", "rotate", "--secret", names["SIGNING_KEY_SECRET"], "--yes")
            check(rotated == {"rotated": names["SIGNING_KEY_SECRET"], "previous_revoked": False}, "aws rotate: a new signing key")
            check(status(f"{base}/mcp", alice) == 200, "after the secret was rotated, alice's token still works")
        with running(emulator("notes", port, settings, DEPLOYED), dict(os.environ), f"{base}/health", seconds=1500):
            check(status(f"{base}/mcp", alice) == 200, "also with an instance that only knows both versions by Secrets Manager")
            admin(env, "users", "revoke", "alice@example.com")
            check(status(f"{base}/mcp", alice) == 401, "and the new key signs admin tokens: alice is revoked")


async def main(parts):
    with tempfile.TemporaryDirectory() as home:
        if "http" in parts:
            await over_http(home)
        if "stdio" in parts:
            await over_stdio(home)
        if "lambda" in parts:
            for mode in ["buffered", "stream"]:
                await through_the_emulator(home, mode)
    if "moto" in parts:
        with tempfile.TemporaryDirectory() as home:
            await on_moto(home)
    print("interop: all of it holds", flush=True)


asyncio.run(main(sys.argv[1:] or ["http", "stdio", "lambda", "moto"]))
