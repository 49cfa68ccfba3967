"""A model that follows a script, on loopback: it stands in for the ones that Claude Code and Gemini CLI ask.

It calls one tool in its first turn and says "done" once it has the answer, so that the client itself lists the tools, makes the
call and reads the answer. It must never be asked by anything but this machine.
"""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Script:
    """The call to make, and what the client told the model: the tools that it may call, and what the call was answered with."""

    def __init__(self, tool, arguments):
        self.tool, self.arguments, self.tools, self.answers = tool, arguments, [], []

    def hear(self, tools, answers):
        """Whether the call is still to be made: the client offers the tool, and has not answered yet."""
        self.tools = tools or self.tools
        self.answers = answers or self.answers
        return self.tool in tools and not answers


def anthropic(script, body):
    """The Messages API, as a stream: https://docs.anthropic.com/en/api/messages-streaming."""
    last = body["messages"][-1]["content"]
    answers = [part for part in last if part["type"] == "tool_result"] if isinstance(last, list) else []
    call = script.hear([tool["name"] for tool in body.get("tools", [])], answers)
    block = {"type": "tool_use", "id": "toolu_1", "name": script.tool, "input": {}} if call else {"type": "text", "text": ""}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(script.arguments)} if call else {"type": "text_delta", "text": "done"}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": body["model"], "stop_reason": None,
               "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
    events = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use" if call else "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def gemini(script, body):
    """`streamGenerateContent` with `alt=sse`: https://ai.google.dev/api/generate-content."""
    declared = [function["name"] for tool in body.get("tools", []) for function in tool.get("functionDeclarations", [])]
    answers = [part["functionResponse"]["response"] for part in body["contents"][-1]["parts"] if "functionResponse" in part]
    call = script.hear(declared, answers)
    part = {"functionCall": {"name": script.tool, "args": script.arguments}} if call else {"text": "done"}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    return f"data: {json.dumps({'candidates': [candidate], 'usageMetadata': {'totalTokenCount': 1}})}\n\n"


@contextmanager
def serving(dialect, script):
    """Serves the script in one of the two dialects until the block ends: where."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.answer("{}", "application/json")

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            self.answer(dialect(script, body), "text/event-stream")

        def answer(self, text, kind):
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
