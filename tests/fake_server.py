"""An OpenAI-compatible server on this machine that answers from a function: for tests of whatever asks models by API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[str, int], tuple[int, str]]  # (prompt text, number of the request) -> (HTTP status, answer)


@contextmanager
def serving(reply: Reply) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(base URL, the requests so far) of a server that lives as long as the block."""
    requests: list[dict[str, Any]] = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests.append(body)
            chat = self.path.endswith("/chat/completions")
            prompt = body["messages"][-1]["content"] if chat else body["prompt"]
            if isinstance(prompt, list):  # content in parts
                prompt = "".join(part.get("text", "") for part in prompt)
            status, text = reply(prompt, len(requests))
            usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
            usage["total_tokens"] = sum(usage.values())
            if status != 200:
                self._send(status, "application/json", json.dumps({"error": {"message": text, "type": "error"}}))
            elif body.get("stream"):
                parts = [self._choice(body, chat, text, None), self._choice(body, chat, "", "stop")]
                parts.append({**parts[0], "choices": [], "usage": usage})
                lines = [f"data: {json.dumps(part)}\n\n" for part in parts]
                self._send(200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n"]))
            else:
                self._send(
                    200, "application/json", json.dumps({**self._choice(body, chat, text, "stop"), "usage": usage})
                )

        def _choice(self, body: dict[str, Any], chat: bool, text: str, reason: str | None) -> dict[str, Any]:
            field = "delta" if body.get("stream") else "message"
            said = {field: {"role": "assistant", "content": text}} if chat else {"text": text}
            kind = f"chat.completion{'.chunk' if body.get('stream') else ''}" if chat else "text_completion"
            choices = [{"index": 0, "finish_reason": reason, **said}]
            return {"id": "fake", "object": kind, "created": 0, "model": body["model"], "choices": choices}

        def _send(self, status: int, kind: str, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        server.server_close()
