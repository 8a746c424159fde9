"""Ways to write one derivation, and to spoil it, with the verdict that docs/verifier.md gives each.

The values were written down from the rule before the verifier was asked: y for yes and n for no under strict, under sound and
for the answer alone; ? where the text holds no one answer.
"""

import pytest

from interplay import generate
from interplay.world.problem import to_row
from one_verdict import verify_row

PROBLEMS = {
    f"{mode}_{style}": to_row(generate(op=4, mode=mode, style=style)[0])
    for mode in ("forward", "reverse")
    for style in ("full", "terse")
}
HERON = "Define heron in Bluff as t; so t = 6. "
BLUFF = "Define llama in Bluff as y; so y = t = 6. "
OASIS = "Define llama in Oasis as G; so G = t + y = 6 + 6 = 12. "
ANSWER = "Answer: 12."
FULL, TERSE = PROBLEMS["forward_full"]["solution"], PROBLEMS["forward_terse"]["solution"]
TAIL, TERSE_TAIL = PROBLEMS["reverse_full"]["solution"], PROBLEMS["reverse_terse"]["solution"]

MOVED, ISOLATED = "Move all terms to one side: 13 - x = 0. ", "Isolate the term with x: -1*x = -13. "
UNKNOWN = "we don't know its value yet but will find it out later."
FERRET = "ferret in Glacier = 7 . "


def oasis(formula):
    return f"{HERON}{BLUFF}Define llama in Oasis as G; so G = {formula}. {ANSWER}"


def tagged(answer):
    return f"{HERON}{BLUFF}{OASIS}</solution> {answer}"


KINDS = [
    ("NBSP round =", "forward_full", FULL.replace(" = ", "\u00a0=\u00a0"), "yyy"),
    ("tabs round =", "forward_full", FULL.replace(" = ", "\t=\t"), "yyy"),
    ("CR LF between steps", "forward_full", FULL.replace(". ", ".\r\n"), "yyy"),
    ("CR alone", "forward_full", FULL.replace(". ", ".\r"), "yyy"),
    ("mixed newline", "forward_full", FULL.replace(". ", ".\r\n\n\r", 1), "yyy"),
    ("line separator", "forward_full", FULL.replace(". ", ".\u2028"), "yyy"),
    ("zero width space", "forward_full", FULL.replace(" = ", "\u200b= "), "nn?"),
    ("full-width digit in step", "forward_full", FULL.replace("t = 6.", "t = \uff16."), "nny"),
    ("full-width answer", "forward_full", FULL.replace("Answer: 12", "Answer: \uff11\uff12"), "nnn"),
    ("arabic answer", "forward_full", FULL.replace("Answer: 12", "Answer: \u0661\u0662"), "nnn"),
    ("superscript", "forward_full", oasis("t + y = 6 + 6 = 12\u00b2"), "nny"),
    ("brackets in names", "forward_full", oasis("(t) + ((y)) = (6 + 6) = 12"), "yyy"),
    ("bracketed segment then value", "forward_full", oasis("t + y = (12) = 12"), "yyy"),
    ("finished value in brackets", "forward_full", oasis("t + y = (12)"), "nny"),
    ("square brackets", "forward_full", oasis("[t + y] = 12"), "nny"),
    ("braces", "forward_full", oasis("{t + y} = 12"), "nny"),
    ("unbalanced", "forward_full", oasis("(t + y = 12"), "nny"),
    ("partial substitution", "forward_full", oasis("t + y = 6 + y = 12"), "yyy"),
    ("one line more", "forward_full", oasis("t + y = 2 * 6 = 12"), "yyy"),
    ("true zero", "forward_full", oasis("t + y + 0 = 12"), "yyy"),
    ("times one", "forward_full", oasis("t * 1 + y = 12"), "yyy"),
    ("cancelling parents", "forward_full", oasis("t + y + t - t = 12"), "yyy"),
    ("two times t", "forward_full", oasis("2 * t = 2 * 6 = 12"), "nyy"),
    ("y twice", "forward_full", oasis("y + y = 12"), "nny"),
    ("value of y put in", "forward_full", oasis("t + 6 = 12"), "nyy"),
    ("both values", "forward_full", oasis("6 + 6 = 12"), "nyy"),
    (
        "value of y never printed",
        "forward_full",
        HERON + "Define llama in Oasis as G; so G = t + 6 = 12. " + ANSWER,
        "nny",
    ),
    ("y's step cut, put in", "forward_full", HERON + "Define llama in Oasis as G; so G = t + t = 12. " + ANSWER, "nyy"),
    ("everything put in", "forward_full", "Define llama in Oasis as G; so G = 6 + 6 = 12. " + ANSWER, "nyy"),
    ("folded", "forward_full", oasis("12"), "nny"),
    ("wrong then right", "forward_full", oasis("t + y = 13 = 12"), "nny"),
    ("or rather", "forward_full", oasis("t + y = 12, or rather thirteen"), "nny"),
    ("not", "forward_full", oasis("t + y = 12, not 13"), "nny"),
    ("since 13", "forward_full", oasis("t + y = 12, since 13 is right"), "nny"),
    ("clause with more words", "forward_full", oasis("t + y = 12, as t was found before to be wrong"), "nny"),
    (
        "clause about later",
        "forward_full",
        HERON + BLUFF.replace(". ", ", as G was found before. ") + OASIS + ANSWER,
        "nny",
    ),
    ("clause that is allowed", "forward_full", oasis("t + y = 12, as t was found before"), "yyy"),
    ("approximately", "forward_full", oasis("t + y = 12 (approximately)"), "nny"),
    ("percent", "forward_full", oasis("t + y = 12 %"), "nny"),
    ("wait after answer", "forward_full", FULL + " Wait, it is 13.", "nn?"),
    ("or", "forward_full", FULL.replace("Answer: 12.", "Answer: 12 or 13."), "nnn"),
    ("not in answer", "forward_full", FULL.replace("Answer: 12.", "Answer: not 12."), "nnn"),
    ("question mark", "forward_full", FULL.replace("Answer: 12.", "Answer: 12?"), "nnn"),
    ("word", "forward_full", FULL.replace("Answer: 12.", "Answer: twelve."), "nnn"),
    ("1,2", "forward_full", FULL.replace("Answer: 12.", "Answer: 1,2."), "nnn"),
    ("unit plural", "forward_full", FULL.replace("Answer: 12.", "Answer: 12 llamas."), "yyy"),
    ("unit with place", "forward_full", FULL.replace("Answer: 12.", "Answer: 12 llama in Oasis."), "yyy"),
    ("unit of other kind", "forward_full", FULL.replace("Answer: 12.", "Answer: 12 herons."), "nnn"),
    ("unit in other place", "forward_full", FULL.replace("Answer: 12.", "Answer: 12 llama in Bluff."), "nnn"),
    ("boxed", "forward_full", FULL.replace("Answer: 12.", r"Answer: \boxed{12}."), "nnn"),
    ("negative answer", "forward_full", FULL.replace("Answer: 12.", "Answer: -12."), "nnn"),
    ("open tag", "forward_full", tagged("<answer> 12"), "nnn"),
    ("half a closing tag", "forward_full", tagged("<answer> 12 </answe"), "nnn"),
    ("two tags", "forward_full", tagged("<answer> 12 </answer> <answer> 12 </answer>"), "nnn"),
    ("two answers", "forward_full", FULL + " Answer: 12.", "nnn"),
    ("answer first", "forward_full", f"{ANSWER} {HERON}{BLUFF}{OASIS}", "nn?"),
    ("tags", "forward_full", tagged("<answer> 12 </answer>"), "yyy"),
    ("chatter before", "forward_full", "Sure! " + FULL, "nny"),
    ("minus sign U+2212", "forward_full", oasis("t + y \u2212 0 = 12"), "nny"),
    ("times sign", "forward_full", oasis("t \u00d7 1 + y = 12"), "nny"),
    ("step repeated", "forward_full", HERON + HERON + BLUFF + OASIS + ANSWER, "nny"),
    (
        "step repeated, other letter",
        "forward_full",
        HERON + "Define heron in Bluff as s; so s = 6. " + BLUFF + OASIS + ANSWER,
        "nny",
    ),
    ("power", "forward_full", oasis("t ** 1 + y = 12"), "nny"),
    ("tabs terse", "forward_terse", TERSE.replace(" = ", "\t=\t"), "yyy"),
    ("newlines terse", "forward_terse", TERSE.replace(" . ", " .\n"), "yyy"),
    ("NBSP terse", "forward_terse", TERSE.replace(" + ", "\u00a0+\u00a0"), "yyy"),
    ("terse cut", "forward_terse", f"{FERRET}penguin in Glacier = 3 + ferret in Glacier = 10 . Answer: 10.", "nyy"),
    ("terse cut by value", "forward_terse", f"{FERRET}penguin in Glacier = 3 + 7 = 10 . Answer: 10.", "nyy"),
    ("terse other order of numbers", "forward_terse", f"{FERRET}penguin in Glacier = 7 + 3 = 10 . Answer: 10.", "nyy"),
    ("terse false sum", "forward_terse", f"{FERRET}penguin in Glacier = 4 + 6 = 10 . Answer: 10.", "nny"),
    ("terse folded", "forward_terse", f"{FERRET}penguin in Glacier = 10 . Answer: 10.", "nny"),
    ("terse renamed", "forward_terse", TERSE.replace("rhino", "hippo"), "nny"),
    ("reverse line dropped", "reverse_full", TAIL.replace(ISOLATED, ""), "nyy"),
    ("reverse lines swapped", "reverse_full", TAIL.replace(MOVED + ISOLATED, ISOLATED + MOVED), "nny"),
    ("reverse line false", "reverse_full", TAIL.replace("13 - x = 0", "14 - x = 0"), "nny"),
    ("reverse x told", "reverse_full", TAIL.replace(UNKNOWN, "so x = 13."), "nny"),
    ("reverse known wrong", "reverse_full", TAIL.replace("We know C = 4", "We know C = 5"), "nny"),
    ("reverse newlines in the tail", "reverse_full", TAIL.replace(": ", ":\n").replace(". ", ".\n"), "yyy"),
    ("reverse no answer", "reverse_full", TAIL.replace(" Answer: 13.", ""), "nnn"),
    (
        "reverse tail only answer",
        "reverse_full",
        TAIL[: TAIL.index(" Simplifying")] + " Solution: x = 13. Answer: 13.",
        "nyy",
    ),
    ("terse reverse tabs in the tail", "reverse_terse", TERSE_TAIL.replace(" = ", "\t=\t"), "yyy"),
    ("terse reverse line dropped", "reverse_terse", TERSE_TAIL.replace("1 * x = 17 . ", ""), "nyy"),
    ("terse reverse equation only", "reverse_terse", TERSE_TAIL.replace("1 * x = 17 . x = 17 / 1 = 17 . ", ""), "nyy"),
    ("terse reverse other root", "reverse_terse", TERSE_TAIL.replace("x + 5 = 22 .", "x + 5 = 23 ."), "nny"),
    ("bare 2", "forward_full", "2", "nnn"),
    ("bare 2 terse", "forward_terse", "2", "nnn"),
    ("empty", "forward_full", "", "nnn"),
    ("answer only", "forward_full", ANSWER, "nny"),
]


@pytest.mark.parametrize(("kind", "of", "text", "expected"), KINDS, ids=[kind[0] for kind in KINDS])
def test_a_wording_is_judged_by_the_rule(kind, of, text, expected):
    verdict = verify_row(PROBLEMS[of] | {"candidate": text})
    for claim, wanted in zip(("strict", "sound", "answer_correct"), expected, strict=True):
        if wanted != "?":
            assert verdict[claim] == (wanted == "y"), claim


@pytest.mark.parametrize("text", ["2", "hello", "2 ", f"{HERON}hel"])
def test_a_last_piece_that_no_full_stop_ends_breaks_off(text):
    assert verify_row(PROBLEMS["forward_full"] | {"candidate": text})["error"] == "truncated"


@pytest.mark.parametrize("text", ["2.", "hello.", "2 </solution>"])
def test_words_that_are_ended_are_not_of_the_format(text):
    assert verify_row(PROBLEMS["forward_full"] | {"candidate": text})["error"] == "not_parseable"
