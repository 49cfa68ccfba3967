"""The official clients' scripted day with the example that has everything in it: what 2026-07-28 offers, and what 2025-11-25 does.

Doors: HTTP, stdio, the Lambda emulator with streamed answers, and HTTP once more for the TypeScript client (`typescript/day.mjs`).
Each step checks what the client was given; it must never take the server's word for what only the client can see.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from world import EVERYTHING, NODE, NODE_MODULES, ROOT, check, environment, everything_emulated, everything_served, say

MODERN, LEGACY = "2026-07-28", "legacy"
PAGE = 16
# A number that no count reaches while anybody waits.
ENDLESS = 36_000
TRIP = {"city": "Oslo", "nights": 3}
# How each list is asked for, where its items are, what names them, and what the day needs of it.
LISTS = [
    ("list_tools", "tools", "name", {"announce", "count_slowly", "plan_trip", "test_error_handling"}),
    ("list_prompts", "prompts", "name", {"test_prompt_with_arguments"}),
    ("list_resources", "resources", "uri", {"test://static-text"}),
    ("list_resource_templates", "resource_templates", "uri_template", {"test://template/{id}/data"}),
]


class Person:
    """Answers a form's one field, as a person would, and remembers what was asked."""

    def __init__(self):
        self.asked = []

    async def __call__(self, _context, question):
        (key,) = question.requested_schema["properties"]
        self.asked.append(key)
        return types.ElicitResult(action="accept", content={key: TRIP[key]})


class Progress:
    """What a call reported, and when it arrived."""

    def __init__(self):
        self.seen, self.times = [], []

    async def __call__(self, progress, total, message):
        self.seen.append((progress, total, message))
        self.times.append(time.monotonic())

    def values(self):
        return [progress for progress, _, _ in self.seen]


async def pages(list_page, field):
    """Every page of a list, by its sizes, and all that is in them."""
    found, sizes, cursor = [], [], None
    while cursor or not sizes:
        page = await list_page(cursor=cursor)
        items, cursor = getattr(page, field), page.next_cursor
        found, sizes = found + items, [*sizes, len(items)]
    return found, sizes


async def see_lists(session):
    """All but the last page of a list are full, nothing comes twice, and what the day needs is there."""
    for method, field, name, needed in LISTS:
        found, sizes = await pages(getattr(session, method), field)
        names = [str(getattr(item, name)) for item in found]
        check(all(size == PAGE for size in sizes[:-1]) and 0 < sizes[-1] <= PAGE and len(set(names)) == len(names),
              f"{method}: {' and '.join(map(str, sizes))}, each once")
        check(needed <= set(names), f"among them {', '.join(sorted(needed))}")


def text_of(result):
    return " ".join(block.text for block in result.content if block.type == "text")


async def use_tools(session):
    result = await session.call_tool("announce", {})
    check(not result.is_error and text_of(result), f"announce says: {text_of(result)}")
    result = await session.call_tool("test_error_handling", {})
    check(result.is_error and text_of(result), "a tool's own error is a result that says so")


async def hear_progress(session):
    """Counts to ten, a tenth of a second each, and compares when each report came with when the result did."""
    progress = Progress()
    result = await session.call_tool("count_slowly", {"to": 10}, progress_callback=progress)
    ended = time.monotonic()
    check(not result.is_error and progress.values() == list(range(1, 11)), "ten reports of progress, in their order")
    check(all(total == 10 for _, total, _ in progress.seen), "each knows the total")
    ahead = [round(ended - at, 1) for at in progress.times]
    # A buffered answer brings all of them at once; the tool itself waits for nearly a second after the first.
    check(ahead[0] > 0.4, f"progress arrives before the result, by seconds: {', '.join(map(str, ahead))}")


async def be_asked(session, person):
    """Answers both questions of a tool: each is asked once, and progress goes on between them."""
    progress = Progress()
    result = await session.call_tool("plan_trip", {}, progress_callback=progress)
    ended = time.monotonic()
    check(text_of(result) == "3 nights in Oslo" and not result.is_error, f"plan_trip says: {text_of(result)}")
    check(person.asked == list(TRIP), f"it asked once for each of {', '.join(person.asked)}")
    check(progress.values() == [1, 2, 3], f"its progress, over all rounds: {progress.values()}")
    ahead = [round((ended - at) * 1000) for at in progress.times]
    check(sorted(ahead, reverse=True) == ahead and ahead[-1] >= 0, f"before its result, by milliseconds: {ahead}")
    check(progress.seen[0] == (1, 3, "asking for the city"), "the first report says what it does")


async def be_told_why_not(session):
    result = await session.call_tool("plan_trip", {})
    check(result.is_error and "2026-07-28" in text_of(result), f"plan_trip cannot ask here, and says so: {text_of(result)}")


async def read_and_complete(session):
    text = (await session.read_resource("test://static-text")).contents[0]
    check(text.mime_type == "text/plain" and "static text" in text.text, f"test://static-text reads: {text.text}")
    data = (await session.read_resource("test://template/42/data")).contents[0]
    check("42" in data.text, f"test://template/42/data reads: {data.text}")
    prompt = await session.get_prompt("test_prompt_with_arguments", {"arg1": "paris", "arg2": "park"})
    check("paris" in prompt.messages[0].content.text and "park" in prompt.messages[0].content.text, "a prompt with its arguments")
    reference = types.PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
    for typed, expected in [("par", ["paris", "park", "party"]), ("part", ["party"]), ("x", [])]:
        completed = await session.complete(reference, {"name": "arg1", "value": typed})
        check(completed.completion.values == expected, f"`{typed}` completes to {expected}")


async def cancel(session, to=ENDLESS):
    """Gives up a call that would go on; the connection stays of use."""
    progress = Progress()
    with anyio.CancelScope() as scope:

        async def give_up(*report):
            await progress(*report)
            if len(progress.seen) == 3:
                scope.cancel()

        await session.call_tool("count_slowly", {"to": to}, progress_callback=give_up)
    check(scope.cancelled_caught, f"count_slowly was given up at {progress.values()[-1]:.0f} of {to}")
    await use_tools(session)


async def fails(doing, codes, what):
    try:
        await doing
    except MCPError as error:
        check(error.code in codes and error.message, f"{what}: {error.code} {error.message}")
    else:
        check(False, f"{what}: an error")


async def meet_errors(session, mode):
    await fails(session.call_tool("no_such_tool", {}), [-32602], "an unknown tool")
    await fails(session.get_prompt("no_such_prompt"), [-32602], "an unknown prompt")
    code = -32602 if mode == MODERN else -32002
    await fails(session.read_resource("test://no-such-resource"), [code], "an unknown resource")
    for listing in [session.list_tools, session.list_prompts, session.list_resources, session.list_resource_templates]:
        await fails(listing(cursor="no-such-cursor"), [-32602], f"an unknown cursor of {listing.__name__}")


async def day(server, mode, asks):
    """The whole day but for what differs by door."""
    person = Person()
    async with Client(server, mode=mode, elicitation_callback=person) as session:
        say(f"{session.protocol_version}:")
        await see_lists(session)
        await use_tools(session)
        await hear_progress(session)
        await (be_asked(session, person) if asks else be_told_why_not(session))
        await read_and_complete(session)
        await meet_errors(session, mode)


async def over_http(home):
    print("-- official Python client over HTTP", flush=True)
    log = Path(home) / "everything.log"
    with log.open("w") as file, everything_served(home, file) as base:
        for mode in [MODERN, LEGACY]:
            await day(f"{base}/mcp", mode, asks=mode == MODERN)
            await give_up_over_http(f"{base}/mcp", mode, log)


async def give_up_over_http(url, mode, log):
    """A call that was given up ends in the server too: its line is in the log an hour before the count would."""

    def ended():
        return sum("count_slowly" in line for line in log.read_text().splitlines())

    before = ended()
    async with Client(url, mode=mode) as session:
        await cancel(session)
    with anyio.move_on_after(10):
        while ended() == before:
            await anyio.sleep(0.1)
    check(ended() == before + 1, "and ended in the server, as its log says")


@asynccontextmanager
async def overheard(command, tokens):
    """A server over stdio, whose reports of progress are kept by their tokens."""
    async with stdio_client(command) as (read, write), anyio.create_task_group() as group:
        send, receive = anyio.create_memory_object_stream(100)

        async def listen():
            async with send:
                async for item in read:
                    message = getattr(item, "message", None)
                    if getattr(message, "method", None) == "notifications/progress":
                        tokens.append(message.params["progressToken"])
                    await send.send(item)

        group.start_soon(listen)
        yield receive, write
        group.cancel_scope.cancel()


async def over_stdio(home):
    print("-- official Python client over stdio", flush=True)
    command = StdioServerParameters(command=EVERYTHING, args=["stdio"], env=environment(home))
    for mode in [MODERN, LEGACY]:
        await day(command, mode, asks=True)
        tokens = []
        async with Client(overheard(command, tokens), mode=mode) as session:
            await cancel(session)
            tokens.clear()
            await session.call_tool("count_slowly", {"to": 5}, progress_callback=Progress())
            # What was on its way when the next count began may still arrive before that count's first report.
            check(len(set(tokens[-5:])) == 1 and len(tokens) <= 6, "and counts no more while the next count goes on")


async def through_the_emulator(home):
    print("-- official Python client through `cargo lambda watch`, RESPONSE_MODE=stream", flush=True)
    with everything_emulated(home) as base:
        for mode in [MODERN, LEGACY]:
            await day(f"{base}/mcp", mode, asks=mode == MODERN)
            async with Client(f"{base}/mcp", mode=mode) as session:
                # Lambda is not told that nobody listens, and does one call at a time: the next waits for this one's end.
                await cancel(session, to=20)


async def by_typescript(home):
    print("-- official TypeScript client over HTTP", flush=True)
    # Node looks for packages beside the script.
    script = shutil.copy(ROOT / "tests/interop/typescript/day.mjs", NODE_MODULES.parent)
    with everything_served(home) as base:
        for era in ["2026-07-28", "2025-11-25"]:
            done = subprocess.run([NODE, script, f"{base}/mcp", era], env=environment(home), timeout=120)
            check(done.returncode == 0, f"the TypeScript client's day in {era}")


DOORS = {"http": over_http, "stdio": over_stdio, "lambda": through_the_emulator, "typescript": by_typescript}


async def main(doors):
    for door in doors:
        with tempfile.TemporaryDirectory() as home:
            await DOORS[door](home)
    print("protocol: all of it holds", flush=True)


asyncio.run(main(sys.argv[1:] or list(DOORS)))
