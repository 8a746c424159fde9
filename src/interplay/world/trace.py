"""A solution's text, read into steps: total, in time proportional to its length, and without judging anything.

Whatever the text, `read` returns a Trace: what does not follow the grammar is kept as a step without assignments or as
a fault of the whole. Nothing is evaluated here; names are strings and formulas are expressions, and what they mean is
decided by the verifier, which knows the problem.

The text may be a row's solution (`BODY Answer: 9.`), what a model emits (`BODY </solution> <answer> 9 </answer>`, with
or without an end token), or the whole document with its prompt.
"""

from __future__ import annotations

from typing import NamedTuple

from interplay.world import trace_full, trace_terse
from interplay.world.layout import Layout, needs_layout
from interplay.world.steps import END_TOKENS, MAX_CHARS, MAX_OPERATORS, Trace

__all__ = ["Envelope", "Trace", "open_envelope", "read"]


class Envelope(NamedTuple):
    """Where the body lies in the text, and what stands around it; the fields are those of Trace."""

    start: int
    end: int
    answers: tuple[str, ...]
    closed: bool
    faulty_from: int | None


def read(text: str) -> Trace:
    """Take a solution apart. Never raises."""
    if is_too_much(text):
        return Trace("full", (), None, (), True, 0)
    if needs_layout(text):
        layout = Layout(text)
        return _placed(_read(layout.text), layout)
    return _read(text)


def _placed(found: Trace, layout: Layout) -> Trace:
    """The trace with its places in the text as it was written."""
    steps = [step._replace(start=layout.place(step.start), end=layout.end(step.end)) for step in found.steps]
    tail = found.tail
    if tail is not None:
        tail = tail._replace(start=layout.place(tail.start), end=layout.end(tail.end))
    fault = None if found.faulty_from is None else layout.place(found.faulty_from)
    return found._replace(steps=tuple(steps), tail=tail, faulty_from=fault)


def _read(text: str) -> Trace:
    envelope = open_envelope(text)
    body = text[envelope.start : envelope.end]
    full = "Define " in body
    steps, tail, fault = (trace_full if full else trace_terse).read_body(body, envelope.start)
    if envelope.faulty_from is not None and (fault is None or envelope.faulty_from < fault):
        fault = envelope.faulty_from
    answers = () if envelope.answers in (("",), (".",)) else envelope.answers  # a slot left empty is no answer
    open_tag = text.rfind("<answer>", envelope.start) > text.rfind("</answer>")
    closed = envelope.closed and not open_tag
    return Trace("full" if full else "terse", steps, tail, answers, closed, fault, open_tag)


def is_too_much(text: str) -> bool:
    """No solution is so long or has so many operators, so nobody spends time on it."""
    if len(text) <= MAX_OPERATORS:
        return False
    return len(text) > MAX_CHARS or sum(map(text.count, "+-*/(")) > MAX_OPERATORS


def open_envelope(text: str) -> Envelope:
    """Find the body between a prompt, where there is one, and the answer."""
    start, fault = 0, None
    opening = text.find("<solution>")
    if opening >= 0:
        start = opening + len("<solution>")
        prompt = text[:opening].strip()
        if prompt and not (prompt.startswith("<question>") and prompt.endswith("</question>")):
            fault = 0
    slots = text.count("<answer>", start) + text.count("Answer:", start)
    if slots > 1:
        return _several_answers(text, start, fault)
    end, answer, after = _body_end(text, start)
    closed = answer is not None and (text.find("</answer>", end) >= 0 or text[:after].rstrip().endswith("."))
    if fault is None and after is not None and not _only_end_tokens(text[after:]):
        fault = after
    return Envelope(start, end, () if answer is None else (answer,), closed, fault)


def _body_end(text: str, start: int) -> tuple[int, str | None, int | None]:
    """End of the body, the one answer if there is one, and where the text after it begins."""
    closing = text.find("</solution>", start)
    sentence = text.find("Answer:", start)
    if sentence >= 0 and (closing < 0 or sentence < closing):
        return sentence, *_sentence_answer(text, sentence, closing)
    if closing < 0:
        tag = text.find("<answer>", start)
        if tag < 0:
            return _first_end_token(text, start), None, None
        closing = tag  # the solution was never closed: what follows is read, and the missing tag is a fault
        return tag, _tagged(text, tag)[0], tag
    after = closing + len("</solution>")
    tag = text.find("<answer>", after)
    if tag < 0 or text[after:tag].strip():
        return closing, None if tag < 0 else _tagged(text, tag)[0], after
    answer, rest = _tagged(text, tag)
    return closing, answer, rest


def _sentence_answer(text: str, sentence: int, closing: int) -> tuple[str, int]:
    """The answer of `Answer: 9.`, and where the text after that sentence begins."""
    content = sentence + len("Answer:")
    end = closing if closing >= 0 else _first_tag(text, content)
    stop = text.find(". ", content, end)
    if stop >= 0 and not text[stop + 1 : end].isspace():
        return text[content:stop].strip(), stop + 1
    return text[content:end].strip(), end + len("</solution>") if closing >= 0 else end


def _tagged(text: str, tag: int) -> tuple[str, int]:
    """The content of the answer tag that opens at `tag`, and where the text after it begins. An open one holds none:
    who was cut off after `1` may have meant to write `18`."""
    content = tag + len("<answer>")
    closing = text.find("</answer>", content)
    if closing >= 0:
        return text[content:closing].strip(), closing + len("</answer>")
    return "", _first_end_token(text, content)


def _first_end_token(text: str, start: int) -> int:
    return min((at for token in END_TOKENS if (at := text.find(token, start)) >= 0), default=len(text))


def _first_tag(text: str, start: int) -> int:
    tag = text.find("<", start)
    return min(_first_end_token(text, start), tag if tag >= 0 else len(text))


def _only_end_tokens(rest: str) -> bool:
    if not rest or rest.isspace():
        return True
    for token in END_TOKENS:
        rest = rest.replace(token, " ")
    return rest.isspace()


def _several_answers(text: str, start: int, fault: int | None) -> Envelope:
    """More than one answer is no answer. The body ends at the first; the second is where the fault lies."""
    slots: list[int] = []
    for mark in ("<answer>", "Answer:"):
        at = text.find(mark, start)
        while at >= 0:
            slots.append(at)
            at = text.find(mark, at + 1)
    slots.sort()
    closing = text.find("</solution>", start, slots[0])
    end = closing if closing >= 0 else slots[0]
    answers = tuple(_tagged(text, at)[0] if text[at] == "<" else text[at + 7 : at + 40].strip() for at in slots[:2])
    return Envelope(start, end, answers, True, fault if fault is not None else slots[1])
