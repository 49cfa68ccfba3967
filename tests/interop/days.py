"""Both days, as their people live them: the author's first hour with a new app, and the operator's day with it.

Every command is run as it is printed, and its output is what it said; a command that ends otherwise than it should fails
the run. `docs/transcript.md` keeps the output of one run. Needs `mcp-lambda` in target/debug and `cargo lambda`.
"""

import datetime
import http.server
import os
import pty
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from world import ROOT, free_port, status, wait_for

KEY = "transcript-key-0123456789-0123456789"

PORT, EMULATED = free_port(8080), free_port(9000)

# What the author writes into the new app: one more tool, and a test of it.
BEFORE = "    /// Show the URL of the current user's upstream"
TOOL = '''    /// Count the letters of a text.
    #[tool(read_only, idempotent)]
    pub fn count_letters(
        /// The text.
        text: String,
    ) -> usize {
        text.chars().count()
    }

'''
TEST = '''
#[test]
fn letters_are_counted() {
    block_on(async {
        let app = TestApp::new(memos::app()).await;
        let profile = json!({"token": "s3cret"});
        let alice = app.user_with(json!({"email": "alice@example.com", "profile": profile})).await;
        let answer = alice.call("count_letters", json!({"text": "milk"})).await;
        assert_eq!(answer.data(), &json!({"result": 4}));
    });
}
'''

# What a command does that speaks to no server.
LOCAL = {"completions", "manuals", "new", "aws init", "aws rotate"}


def tell(text=""):
    """Says it, and keeps it for the comparison with docs/transcript.md."""
    print(text, flush=True)
    TOLD.extend(str(text).split("\n"))


TOLD = []


def masked(text):
    """A line without what changes from run to run."""
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "TIME", text))
    text = re.sub(r"(127\.0\.0\.1|localhost):\d+|--(invoke-)?port \d+", "PORT", re.sub(r"finished in [\d.]+s", "", text))
    return re.sub(r" +", " ", text).strip()


def check_transcript():
    """The page says what was said just now, but for times, ids and ports. Tests run in any order."""
    page = (ROOT / "docs/transcript.md").read_text().split("\n")
    kept = [masked(line) for line in page if line.strip() and not line.startswith("```")]
    told = [masked(line) for line in TOLD if line.strip()]
    first = kept.index(told[0])
    missing = sorted((Counter(told) - Counter(kept[first:])) + (Counter(kept[first:]) - Counter(told)))
    if missing:
        raise SystemExit("FAILED: docs/transcript.md differs from this run (say `days.py --write`):\n" + "\n".join(missing))
    print("docs/transcript.md is what was said", flush=True)


def write_transcript():
    text, body = INTRODUCTION, []
    for line in [*TOLD, "## end"]:
        if line.startswith("## ") and body:
            title, *rest = body
            rest = "\n".join(rest).strip()
            text += f"\n{title}\n\n```console\n{rest}\n```\n"
            body = []
        if line.startswith("## ") or body:
            body.append(line)
    (ROOT / "docs/transcript.md").write_text(text)


INTRODUCTION = """# Both days, with real output

An author's first hour with a new app, and an operator's day with it: `tests/interop/days.py`, run as a whole by `.ci/run`, which holds this page
to what is said there. `memos-admin` stands for `cargo run --bin memos-admin --`; lines that begin with `#` are the script's own. Tokens are cut
at `eyJ…`.
"""


def tidy(text):
    """What changes from run to run, by a word: tokens, ids, folders."""
    text = re.sub(r"eyJ[\w.-]{20,}", "eyJ…", re.sub(r"\x1b\[[0-9;]*m", "", text))
    return text.replace(os.environ["DAYS_HOME"], "~").replace(str(ROOT), "…/mcp-lambda").rstrip()


class Shell:
    """Runs commands in a folder and shows them with what they say."""

    def __init__(self, folder, environment):
        self.folder, self.environment, self.said = folder, environment, []

    def run(self, command, code=0, keep=None, shown=None):
        tell(f"$ {shown or command}")
        self.said.append(command)
        done = subprocess.run(command, shell=True, cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800)
        lines = [line for line in done.stdout.splitlines() if keep is None or re.search(keep, line)]
        if lines:
            tell(tidy("\n".join(lines)))
        tell()
        if done.returncode != code:
            raise SystemExit(f"FAILED: `{command}` ended with {done.returncode}, not {code}:\n{done.stdout}")
        return done.stdout

    @contextmanager
    def beside(self, command, url):
        """Runs a command in a second terminal until the block ends."""
        tell(f"$ {command} &")
        log = open(Path(os.environ["DAYS_HOME"]) / "beside.log", "w+")
        process = subprocess.Popen(command, shell=True, cwd=self.folder, env=self.environment, stdout=log, stderr=log,
                                   start_new_session=True)
        try:
            wait_for(url, process, 300, lambda: Path(log.name).read_text())
            log.seek(0)
            tell((tidy("\n".join(line for line in log.read().splitlines() if "serves MCP" in line)) or "…") + "\n")
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def heading(text):
    tell(f"\n## {text}\n")


def show_status(url, token, whose, expected):
    found = status(f"{url}/mcp", token)
    tell(f"# a request with {whose} is answered with {found}\n")
    if found != expected:
        raise SystemExit(f"FAILED: expected {expected}")


def author(home, environment):
    heading("The author's first hour")
    outside = Shell(home, environment)
    outside.run("mcp-lambda new memos --profile --dynamo")
    outside.run("mcp-lambda new memos", code=5)
    app = Path(home) / "memos"
    # The versions that this checkout is tested with; a new app would take the newest.
    shutil.copy(ROOT / "Cargo.lock", app)
    shell = Shell(app, environment)
    tell(f"# edit src/lib.rs: one more tool\n\n{TOOL}# and tests/app.rs: a test of it\n{TEST}")
    library, tests = app / "src/lib.rs", app / "tests/app.rs"
    code = library.read_text()
    assert BEFORE in code, f"{library} has no line {BEFORE!r}"
    library.write_text(code.replace(BEFORE, TOOL + BEFORE, 1))
    tests.write_text(tests.read_text() + TEST)
    shell.run("cargo test", keep=r"^test .*\.\.\.|test result: .* [1-9]\d* passed")
    with shell.beside(f"cargo run -- serve --port {PORT}", f"http://127.0.0.1:{PORT}/health"):
        shell.run("memos-admin connect local")
        shell.run("memos-admin users add alice@example.com", code=2)
        shell.run("memos-admin users add alice@example.com --token-env UPSTREAM_TOKEN")
        shell.run("memos-admin tools list")
        shell.run("memos-admin tools call count_letters --user alice@example.com --arg text=milk")
        shell.run("memos-admin tools call upstream --user alice@example.com")
    return shell


def operator(shell):
    heading("The operator's day")
    url = f"http://127.0.0.1:{EMULATED}"
    watch = (f"cargo lambda watch --ignore-changes --bin memos --invoke-address 127.0.0.1 --invoke-port {EMULATED} --env-var SIGNING_KEY=$KEY "
             "--env-var APP_USERS_PATH=$HOME/deployed")
    with shell.beside(watch, f"{url}/health"):
        shell.run(f"memos-admin connect {url} --signing-key-env KEY --as staging")
        shell.run("memos-admin connections list")
        shell.run("memos-admin health")
        bob = re.search(r"eyJ\S+", shell.run("memos-admin users add bob@example.com --token-env UPSTREAM_TOKEN"))[0]
        shell.run("memos-admin users add bob@example.com --token-env UPSTREAM_TOKEN", code=5)
        shell.run("memos-admin users list")
        shell.run("memos-admin register --client claude-code --user bob@example.com")
        shell.run("memos-admin register --client cursor --user bob@example.com --apply")
        shell.run("memos-admin register --detect --client cursor")
        shell.run("memos-admin probe")
        shell.run("memos-admin safe-tool --invoke bob@example.com")
        rotate(shell, url, bob)
        shell.run("memos-admin users revoke bob@example.com")
        show_status(url, bob, "bob's token", 401)
        shell.run("memos-admin users show bob@example.com")
        others(shell, url)
    shell.run("memos-admin probe", code=7)


def rotate(shell, url, bob):
    tell("# the upstream gave bob a new token\n")
    shell.run("memos-admin users update-profile bob@example.com --token-env NEW_UPSTREAM_TOKEN")
    shell.run("memos-admin users get-profile bob@example.com")
    tell("# bob lost his laptop: a new token for the new one, then the end of the old token\n")
    new = re.search(r"eyJ\S+", shell.run("memos-admin tokens create bob@example.com --name laptop-2 --expires 30d"))[0]
    # His first token is the one without a name.
    old = re.search(r"^(\w{32}) +2\d{3}-", shell.run("memos-admin tokens list bob@example.com"), re.M)[1]
    show_status(url, bob, "bob's old token", 200)
    shell.run(f"memos-admin tokens revoke bob@example.com {old}")
    show_status(url, bob, "bob's old token", 401)
    show_status(url, new, "bob's new token", 200)


def others(shell, url):
    heading("Every other command, through the same emulator")
    folder = Path(shell.environment["HOME"]) / "python-users/carol~example.com"
    folder.mkdir(parents=True)
    (folder / "user.json").write_text('{"email": "carol@example.com", "created": "2024-05-01T12:00:00+00:00", "profile": {"token": "old"}}')
    (folder / "memory.json").write_text('"bread"')
    shell.run("memos-admin users import ~/python-users")
    shell.run("memos-admin users import ~/python-users --apply")
    shell.run("memos-admin users update-profile carol@example.com api_url https://upstream.example.com")
    shell.run("memos-admin tools show count_letters")
    shell.run("memos-admin tools call nothing --user carol@example.com", code=4)
    shell.run("memos-admin safe-tool")
    hello = ('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
             '"clientInfo":{"name":"agent","version":"1"}}}')
    shell.run(f"echo '{hello}' | memos-admin admin-tools", shown="memos-admin admin-tools    # an agent says hello")
    shell.run("memos-admin users purge bob@example.com --yes")
    shell.run("memos-admin users show bob@example.com", code=4)
    shell.run("memos-admin connections use default")
    shell.run("memos-admin connections remove default")
    shell.run("memos-admin users list", code=3)
    shell.run("memos-admin users list --on staging --json")
    shell.run("memos-admin connections use staging")
    shell.run(f"mcp-lambda connect {url} --signing-key-env KEY")
    shell.run("mcp-lambda users list")
    missed = [leaf for leaf in leaves(shell, []) if leaf not in LOCAL and not any(f"memos-admin {leaf}" in said for said in shell.said)]
    check(missed, [], "every command that speaks to a server was run")


def leaves(shell, path):
    """Every command that has none below it, as `--help` tells."""
    command = ["memos-admin", *path, "--help"]
    text = subprocess.run(command, env=shell.environment, capture_output=True, text=True, check=True).stdout
    _, _, listed = text.partition("Commands:\n")
    names = re.findall(r"^  (\S+)", listed.split("\n\n")[0], re.M)
    return [leaf for name in names for leaf in leaves(shell, [*path, name])] if names else [" ".join(path)]


def terminal(shell):
    """What only a terminal sees: colour, and a secret that is asked for and not shown."""
    heading("At a terminal")
    for variable, is_coloured in [("", True), ("NO_COLOR=1 ", False)]:
        said = typed(shell, f"{variable}memos-admin connections list", "")
        check("\x1b[1m" in said, is_coloured, f"colour at a terminal{' with NO_COLOR' if variable else ''}: {is_coloured}")
    script = ("source <(memos-admin completions bash); COMP_WORDS=(memos-admin users up); COMP_CWORD=2; "
              "_memos__admin memos-admin up users; echo ${COMPREPLY[@]}")
    done = subprocess.run(["bash", "-c", script], env=shell.environment, capture_output=True, text=True)
    check(done.stdout.split(), ["update-profile"], "bash completes `memos-admin users up`")
    with shell.beside(f"SIGNING_KEY=$KEY memos serve --port {PORT}", f"http://127.0.0.1:{PORT}/health"):
        said = typed(shell, f"memos-admin connect http://127.0.0.1:{PORT} --as typed", KEY)
        check("Signing key of" in said and "the key is accepted" in said and KEY not in said, True,
              "`connect` without a key asks for it, and does not show it")


def check(found, expected, what):
    tell(f"# {'ok' if found == expected else 'FAILED'}: {what}")
    if found != expected:
        raise SystemExit(f"FAILED: {found}, not {expected}")


def certificate(folder):
    """A key and a certificate for this machine that no authority signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    built = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
             .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
             .add_extension(names, False).sign(key, hashes.SHA256()))
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + built.public_bytes(pem))
    return folder / "server.pem"


def unbelieved(shell):
    """A server that is reached and not believed fails another step than one that is not reached."""
    heading("A server that is not believed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(shell.folder))
    for wrap in [lambda plain: context.wrap_socket(plain, server_side=True), lambda plain: plain]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        server.socket = wrap(server.socket)
        server.RequestHandlerClass.log_message = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://localhost:{server.server_address[1]}"
        shell.run(f"memos-admin connect {url} --signing-key-env KEY --as unbelieved --offline", keep="^Connected")
        said = shell.run("memos-admin probe", code=7)
        check("FAILED  TLS" in said, True, "the step that failed is TLS")
        server.shutdown()


def typed(shell, command, answer):
    """Runs a command at a terminal of its own, types an answer, and gives what the terminal showed."""
    parent, child = pty.openpty()
    process = subprocess.Popen(["setsid", "-c", "sh", "-c", command], cwd=shell.folder, env={**shell.environment, "TERM": "xterm"},
                               stdin=child, stdout=child, stderr=child)
    os.close(child)
    shown = b""
    try:
        while chunk := os.read(parent, 4096):
            shown += chunk
            if answer and b": " in shown:
                # The prompt stands there a moment before what is typed is hidden.
                for _ in range(500):
                    if not termios.tcgetattr(parent)[3] & termios.ECHO:
                        break
                    time.sleep(0.01)
                os.write(parent, f"{answer}\n".encode())
                answer = ""
    except OSError:
        pass  # the terminal is closed at the end
    if process.wait(60):
        raise SystemExit(f"FAILED: `{command}` ended with {process.returncode}: {shown.decode()}")
    return shown.decode()


def main():
    with tempfile.TemporaryDirectory() as home:
        os.environ["DAYS_HOME"] = home
        target = ROOT / "target"
        environment = {
            "HOME": home, "KEY": KEY, "UPSTREAM_TOKEN": "up-1", "NEW_UPSTREAM_TOKEN": "up-2", "CARGO_TARGET_DIR": str(target), "RUST_BACKTRACE": "0",
            "PATH": f"{target}/debug:{target}/interop/bin:{os.environ['PATH']}",
            **{name: os.environ[name] for name in ["CARGO_HOME", "RUSTUP_HOME"] if name in os.environ},
        }
        # Cargo's own folders are the machine's, whatever the home is.
        environment.setdefault("CARGO_HOME", str(Path.home() / ".cargo"))
        environment.setdefault("RUSTUP_HOME", str(Path.home() / ".rustup"))
        shell = author(home, environment)
        operator(shell)
        terminal(shell)
        unbelieved(shell)
    if "--write" in sys.argv:
        write_transcript()
    check_transcript()
    print("both days: all of it holds", flush=True)


main()
