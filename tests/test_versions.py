"""A version is raised by hand, and a hand forgets: what generator, tokenizer, verifier and rewards do is pinned per version.

A digest that moves means that the behaviour moved: raise the version named in the message, so that no stale result is served,
and pin the new digest beside the old ones (`python tests/test_versions.py` prints it). A version is never used again.
"""

import hashlib
import json
from pathlib import Path
from typing import get_args

import pytest

from interplay.data.mixture import Mixture, World
from interplay.data.stream import Stream
from interplay.data.tokenizer import TOKENIZER_VERSION, TokenizerConfig, train_tokenizer
from interplay.rl.rewards import REWARD_VERSION, RewardConfig, RewardKind, reward, step_rewards
from interplay.world.problem import GENERATOR_VERSION, to_row
from interplay.world.reference import Reference
from interplay.world.verify import VERIFIER_VERSION, verify

PINNED = Path(__file__).parent / "golden" / "versions.json"
WORLDS = (
    World(style="terse", order="depth_first", numbers=(1, 5), max_value=20, locations=3, entities=4, names=8),
    World(style="full", distractors=(0, 4), d=3),
)
WRONG = (
    lambda text: text,
    lambda text: text.replace("=", "= 1 +", 1),
    lambda text: text[: len(text) // 2],
    lambda text: text.replace("So", "Then", 1),
    lambda text: text[: text.rindex(" ")] + " 7.",
    lambda text: ". ".join(text.split(". ")[1:]),
    lambda text: text.upper(),
    lambda text: "",
)


def problems():
    for world in WORLDS:
        mixture = Mixture.uniform((2, 3, 5), ("zoo", "school"), ("forward", "reverse"))
        yield from Stream(world=world, mixture=mixture, seed=5).first(24)


def verdicts():
    for problem in problems():
        for change in WRONG:
            text = change(problem.solution)
            yield text, verify(Reference.from_graph(problem.graph, problem.solution), text)


def generated():
    return [to_row(problem) for problem in problems()]


def cut():
    stream = Stream(world=WORLDS[0], mixture=Mixture.uniform((2, 3)), seed=5)
    tokenizer = train_tokenizer(TokenizerConfig(stream=stream, vocab_size=400, documents=50))
    return tokenizer.backend_tokenizer.to_str()


def judged():
    return [
        [v.strict, v.exact, v.sound, v.sound_folded, v.paper_v1, v.answer_correct, round(v.process_accuracy, 9), v.error,
         v.unsound, v.answer, [step.error for step in v.steps]]
        for _, v in verdicts()
    ]  # fmt: skip


def paid():
    kinds = [RewardConfig(kind=kind) for kind in get_args(RewardKind)]
    return [
        [[round(reward(v, config), 9) for config in kinds], step_rewards(v, list(range(0, len(text), 7)))]
        for text, v in verdicts()
    ]


BEHAVIOUR = {
    "GENERATOR_VERSION": (GENERATOR_VERSION, generated),
    "TOKENIZER_VERSION": (TOKENIZER_VERSION, cut),
    "VERIFIER_VERSION": (VERIFIER_VERSION, judged),
    "REWARD_VERSION": (REWARD_VERSION, paid),
}


def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_behaviour_is_that_of_its_version(name):
    version, does = BEHAVIOUR[name]
    pinned = json.loads(PINNED.read_text())[name]
    assert version in pinned, f"pin {name} {version}: python tests/test_versions.py"
    assert digest(does()) == pinned[version], f"what {name} stands for has changed: raise it and pin the new digest"


if __name__ == "__main__":
    print(json.dumps({name: {version: digest(does())} for name, (version, does) in BEHAVIOUR.items()}, indent=1))
