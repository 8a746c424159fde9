"""What general models say their answer is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interplay.world.said import said_answer


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (r"So the total is \boxed{14}.", 14),
        (r"$$\boxed{ 1,204 }$$", 1204),
        (r"\boxed{\text{14}}", 14),
        (r"\boxed{14 \text{ foxes}}", 14),
        ("**Answer:** 14", 14),
        ("**Final Answer**: **14**", 14),
        ("The answer is 14.", 14),
        ("The answer is: $14$", 14),
        ("The final answer is 14 foxes", 14),
        ("answer = -3", -3),
        ("Answer: x = 7", 7),
        ("#### 18", 18),
        ("<answer> 9 </answer>", 9),
        ("<answer>9 schools</answer>", 9),
        ("The answer is 14.0", 14),
        ("First I thought the answer is 3. No: the answer is 4.", 4),
        ("<think>the answer is 3</think> The answer is 4.", 4),
        ("the answer is 3 </think> The answer is 4.", 4),
    ],
)
def test_it_is_read(text, number):
    assert said_answer(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "", "14", "There are 14 foxes.", "<think>the answer is 3", "The answer is unknown.", "The answer is 3.5", "#### none",
        "The answer is 99999999999999999999", r"\boxed{}", "The answers are 3 and 4",
    ],
)  # fmt: skip
def test_it_is_not_invented(text):
    assert said_answer(text) is None


@given(st.text())
def test_it_never_raises(text):
    said_answer(text)
    said_answer(f"the answer is {text}")


@given(st.integers(-(10**12), 10**12))
def test_every_way_of_saying_a_number_gives_it(number):
    for spelled in (f"\\boxed{{{number}}}", f"The answer is {number}.", f"**Answer:** {number:,}", f"#### {number}"):
        assert said_answer(spelled) == number
