"""The first block of commands under "Run it" in the README, as a person pastes it: in an empty home, with nothing but the Rust toolchain.

All of it but the last line is run as it stands; the last serves, and must answer. It must never change a command.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from world import ROOT, check, free_port, running


def first_block():
    """The commands, without their comments."""
    _, _, section = (ROOT / "README.md").read_text().partition("\n## Run it\n")
    block = re.search(r"```sh\n(.*?)```", section, re.S)[1]
    return [line.split(" #")[0].strip() for line in block.splitlines() if line.strip()]


def main():
    *steps, last = first_block()
    check(last == "notes serve", "the last command serves")
    cargo = {name: os.environ.get(name, str(Path.home() / folder)) for name, folder in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")]}
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": os.environ["PATH"], **cargo}
        done = subprocess.run(["bash", "-ec", "\n".join(steps)], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, timeout=1800)
        print(re.sub(r"eyJ[\w.-]+", "eyJ…", done.stdout), flush=True)
        check(done.returncode == 0 and re.search(r'"text": ?"milk"', done.stdout), "a tool was called, as alice")
        port = free_port()
        command = f"{steps[1]}\nexec {last} --port {port}"
        with running(["bash", "-ec", command], env, f"http://127.0.0.1:{port}/health"):
            check(True, "and it serves")


main()
