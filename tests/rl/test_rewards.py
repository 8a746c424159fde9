import pytest

from interplay.rl.rewards import RewardConfig, reward, step_rewards
from interplay.world.problem import make
from interplay.world.randomness import stream
from interplay.world.sample import Spec
from interplay.world.verify import Reference, verify


@pytest.fixture(scope="module")
def judged():
    """Verdicts of the gold text, of a wrong answer after right steps, of a right answer without steps, of one wrong step."""
    problem = make(Spec(op=5), "zoo", "terse", stream("rewards"))
    reference = Reference.from_graph(problem.graph, problem.solution)
    gold, answer = problem.solution, f"Answer: {problem.answer}."
    first_step, rest = gold.split(" . ", 1)
    texts = {
        "gold": gold,
        "wrong_answer": gold.replace(answer, "Answer: 977."),
        "guess": answer,
        "wrong_step": f"{first_step.rpartition(' = ')[0]} = 977 . {rest}",
    }
    return {name: verify(reference, text) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("kind", "gold", "wrong_answer", "guess"),
    [
        ("outcome", 1.0, 0.0, 1.0),
        ("process", 1.0, 1.0, 0.0),
        ("mixed", 1.0, 0.75, 0.25),
        ("gated", 1.0, 0.0, 0.25),
        ("strict", 1.0, 0.0, 0.0),
    ],
)
def test_each_reward_pays_what_it_says(judged, kind, gold, wrong_answer, guess):
    config = RewardConfig(kind=kind, alpha=0.25)
    assert reward(judged["gold"], config) == gold
    assert reward(judged["wrong_answer"], config) == wrong_answer
    assert reward(judged["guess"], config) == guess


def test_step_credit_marks_the_wrong_step_alone(judged):
    verdict = judged["wrong_step"]
    middles = [(step.start + step.end) // 2 for step in verdict.steps]
    assert step_rewards(verdict, middles) == [float(step.error is None) for step in verdict.steps]
    assert step_rewards(verdict, middles)[0] == 0.0
    outside = max(step.end for step in verdict.steps) + 1
    assert step_rewards(verdict, [outside]) == [0.0]
    assert step_rewards(judged["gold"], [*middles, outside]) == [1.0] * (len(middles) + 1)
