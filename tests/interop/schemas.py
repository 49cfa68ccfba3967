"""Other people's converters over the schemas of all examples: Ajv strict, openai-agents, google-genai, autogen, semantic-kernel.

Run by .ci/run after a build of the examples (debug). Prints a table, apps by converters, and fails on any refusal that is not
expected. `--lists FILE` takes the tools from a file of `{"app": [tool, …]}` instead.
"""

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from world import ROOT, environment

HERE = Path(__file__).resolve().parent
WORK = ROOT / "target/schemas"
APPS = ["notes", "github", "crm", "everything"]
# A fixture of the conformance suite, whose schema must have what these don't take.
EXPECTED = {("everything", "json_schema_2020_12_tool")}


def listed(command, env):
    """The tools of a server on standard input and output."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "schemas", "version": "0"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    ]
    server = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        server.stdin.write("".join(json.dumps(message) + "\n" for message in messages))
        server.stdin.flush()
        for line in server.stdout:
            answer = json.loads(line)
            if answer.get("id") == 2:
                return answer["result"]["tools"]
        raise SystemExit(f"FAILED: {command[0]} lists no tools")
    finally:
        server.stdin.close()
        server.wait(30)


def lists():
    with tempfile.TemporaryDirectory() as home:
        env = environment(home, XDG_DATA_HOME=f"{home}/data", XDG_CONFIG_HOME=f"{home}/config", GITHUB_PAT="x" * 20)
        program = lambda name: str(ROOT / "target/debug" / name)
        github = ["--json", "users", "add", "alice@example.com", "--token-env", "GITHUB_PAT"]
        for command in [[program("github-admin"), "connect", "local"], [program("github-admin"), *github],
                        [program("notes-admin"), "connect", "local"]]:
            subprocess.run(command, env=env, check=True, capture_output=True, timeout=60)
        found = {app: listed([program(app), "stdio", "--user", "alice@example.com", "--create"], env) for app in APPS}
        found["admin-tools"] = listed([program("notes-admin"), "admin-tools"], env)
        return found


def prepared():
    """What installs one converter, by its name."""
    lines = [line for line in (HERE / "schemas.txt").read_text().splitlines() if line and not line.startswith("#")]
    named = dict(line.split(": ", 1) for line in lines)
    return {name: requirements.split() for name, requirements in named.items()}


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **more)
    if done.returncode:
        raise SystemExit(f"FAILED: {' '.join(map(str, command))}: {done.stderr[-2000:]}")
    return done.stdout


def by_python(name, requirements, tools):
    python = WORK / name / "bin/python"
    if not python.exists():
        run([sys.executable, "-m", "venv", WORK / name])
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    return json.loads(run([python, HERE / "schemas/convert.py", name], input=tools))


def by_ajv(tools):
    folder = WORK / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for file in ["package.json", "strict.mjs"]:
        (folder / file).write_bytes((HERE / "schemas" / file).read_bytes())
    run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
    return json.loads(run(["node", folder / "strict.mjs"], input=tools))


def main():
    found = json.loads(Path(sys.argv[2]).read_text()) if sys.argv[1:2] == ["--lists"] else lists()
    tools = json.dumps(found)
    with ThreadPoolExecutor(2) as pool:
        work = {"ajv": pool.submit(by_ajv, tools)}
        work.update({name: pool.submit(by_python, name, all_, tools) for name, all_ in prepared().items()})
        refusals = {name: future.result() for name, future in work.items()}
    print("  " + "app".ljust(14) + "tools  " + "".join(name.ljust(12) for name in refusals))
    faults = []
    for app, listed_tools in found.items():
        refused = {name: refusals[name][app] for name in refusals}
        print("  " + app.ljust(14) + str(len(listed_tools)).ljust(7) + "".join(str(len(refused[name])).ljust(12) for name in refused))
        faults += [f"{app} {tool}: {name}: {why}" for name in refused for tool, why in refused[name].items()
                   if (app, tool) not in EXPECTED]
    if faults:
        raise SystemExit("FAILED:\n" + "\n".join(faults))
    print("  ok: every converter takes every tool")


main()
