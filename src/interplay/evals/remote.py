"""Sampled solutions of a model behind an OpenAI-compatible server: `interplay eval --base-url URL --model NAME`.

Every raw answer is appended to `answers.jsonl` as it comes, under (problem, sample), so a run that is cut asks only for
what is missing, and what was paid for is never lost. Concurrency is bounded; the client library repeats a call that
failed for a passing reason. Tokens are counted as the server reports them, and cost follows from prices that are given.

A server draws from its own generator: two runs differ, and nothing here can make them equal. What was asked (model, prompt,
sampling) is the identity of the folder; which weights a name stands for is the server's word alone.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from interplay.config import Config
from interplay.data.instructions import INSTRUCTIONS_VERSION, STOP, Message, with_stop
from interplay.extras import need

ANSWERS = "answers.jsonl"
Key = tuple[str, int]


class RemoteConfig(Config):
    """How a server is asked. `prompt="tags"` sends a problem as models trained here read it, to the completions endpoint;
    `prompt="chat"` sends instructions, `shots` examples and the problem to the chat endpoint."""

    base_url: str
    model: str
    prompt: Literal["chat", "tags"] = "chat"
    shots: NonNegativeInt = 3
    temperature: float = Field(default=0.7, ge=0)
    max_new_tokens: PositiveInt = 1024
    concurrency: PositiveInt = 8
    retries: NonNegativeInt = 5
    timeout_s: PositiveFloat = 120.0

    def identity(self, defaults: bool = True) -> dict[str, object]:
        """What the answers depend on; where the server stands and how fast it is asked are not."""
        asked = self.model_dump(include={"model", "prompt", "shots", "temperature", "max_new_tokens"})
        return {**asked, "instructions": INSTRUCTIONS_VERSION}


class Answer(NamedTuple):
    """One raw answer. `finish_reason` is the server's word: "length" means cut off."""

    problem_id: str
    sample: int
    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


def read_answers(folder: Path) -> dict[Key, Answer]:
    """The answers that are there. A last line that was cut off while it was written is dropped; any other is an error."""
    path = folder / ANSWERS
    if not path.is_file():
        return {}
    found: dict[Key, Answer] = {}
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            answer = Answer(**json.loads(line))
        except (json.JSONDecodeError, TypeError) as error:
            if number == len(lines):
                continue
            raise ValueError(f"{path}, line {number}: not an answer ({error})") from error
        found[answer.problem_id, answer.sample] = answer
    return found


def ask(
    config: RemoteConfig,
    prompts: Mapping[str, str | Sequence[Message]],
    samples: int,
    folder: Path,
    update: Callable[[int], None] = lambda done: None,
) -> dict[Key, Answer]:
    """`samples` answers for every prompt, those of `answers.jsonl` taken as they are and the missing ones asked for.

    A prompt is text for `prompt="tags"` and messages for `prompt="chat"`. Raises ValueError in one line when the server
    cannot be reached or refuses; what it answered until then is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = read_answers(folder)
    missing = [(key, number) for key in prompts for number in range(samples) if (key, number) not in found]
    if missing:
        _drop_cut_line(folder / ANSWERS)
        with (folder / ANSWERS).open("a", encoding="utf-8") as kept:

            def keep(answer: Answer) -> None:
                kept.write(json.dumps(answer._asdict(), ensure_ascii=True) + "\n")
                kept.flush()
                found[answer.problem_id, answer.sample] = answer
                update(len(found))

            asyncio.run(_ask_all(config, prompts, missing, keep))
    return {(key, number): found[key, number] for key in prompts for number in range(samples)}


def cost_of(answers: Mapping[Key, Answer], price: tuple[float, float] | None) -> dict[str, float]:
    """Tokens of all answers, and their cost where a price in dollars per million (prompt, completion) tokens is given."""
    prompt = sum(answer.prompt_tokens for answer in answers.values())
    completion = sum(answer.completion_tokens for answer in answers.values())
    counted: dict[str, float] = {"prompt_tokens": prompt, "completion_tokens": completion}
    if price is not None:
        counted["dollars"] = round((prompt * price[0] + completion * price[1]) / 1e6, 6)
    return counted


async def _ask_all(
    config: RemoteConfig,
    prompts: Mapping[str, str | Sequence[Message]],
    missing: Sequence[Key],
    keep: Callable[[Answer], None],
) -> None:
    openai = need("openai", "api")
    queue = iter(missing)
    async with openai.AsyncOpenAI(
        base_url=config.base_url, max_retries=config.retries, timeout=config.timeout_s,
        api_key=os.environ.get("OPENAI_API_KEY", "none"),
    ) as client:  # fmt: skip

        async def work() -> None:
            for key, number in queue:  # one iterator shared by all: each takes the next
                try:
                    keep(await _one(client, config, prompts[key], key, number))
                except openai.BadRequestError as error:  # this prompt is refused, too long perhaps; others may not be
                    keep(Answer(key, number, "", f"refused: {_reason(error)}", 0, 0))

        workers = [asyncio.ensure_future(work()) for _ in range(min(config.concurrency, len(missing)))]
        try:
            await asyncio.gather(*workers)
        except openai.OpenAIError as error:
            raise ValueError(f"{config.base_url}: {_reason(error)}; what it answered is kept in {ANSWERS}") from error
        finally:
            for worker in workers:
                worker.cancel()


async def _one(client: Any, config: RemoteConfig, prompt: str | Sequence[Message], key: str, number: int) -> Answer:
    common = {"model": config.model, "temperature": config.temperature}
    if config.prompt == "tags":
        reply = await client.completions.create(prompt=prompt, max_tokens=config.max_new_tokens, stop=[STOP], **common)
        text = reply.choices[0].text or ""
        if reply.choices[0].finish_reason == "stop":
            text = with_stop(text)
    else:
        reply = await client.chat.completions.create(
            messages=list(prompt), max_completion_tokens=config.max_new_tokens, **common
        )
        text = reply.choices[0].message.content or ""
    usage = reply.usage
    readable = text.encode("utf-8", "replace").decode()  # half of a surrogate pair is no text, and no table holds it
    return Answer(
        key, number, readable, str(reply.choices[0].finish_reason),
        usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0,
    )  # fmt: skip


def _drop_cut_line(path: Path) -> None:
    """Take away what a process that was killed left of its last line, so that the next line stands alone."""
    if path.is_file() and (text := path.read_bytes()) and not text.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(text.rfind(b"\n") + 1)


def _reason(error: Exception) -> str:
    said = getattr(error, "body", None)
    body = (said.get("message") if isinstance(said, dict) else None) or str(error) or type(error).__name__
    cause = f" ({error.__cause__})" if error.__cause__ else ""
    return f"{' '.join(str(body).split())[:300]}{cause}"
