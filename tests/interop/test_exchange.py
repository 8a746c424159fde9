"""What every target gets, without any of them: problems like those a checkpoint of a scale was trained on."""

from __future__ import annotations

import pytest

from interplay.interop.exchange import problems
from interplay.interop.verl import main
from interplay.studies.scales import settings


def test_a_scale_brings_its_world_and_style():
    stream = problems((5, 6), scale="micro", split="rl")
    assert stream.world == settings("micro", {}).world
    assert stream.world.style == "terse"
    assert {problem.op for problem in stream.first(12)} == {5, 6}


def test_an_unknown_scale_is_named(tmp_path, capsys):
    with pytest.raises(ValueError, match="unknown scale 'huge'; the scales are micro"):
        problems((5,), scale="huge")
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path / "rows.parquet"), "--op", "2", "--n", "1", "--scale", "huge"])
    assert stopped.value.code == 2
    assert "unknown scale 'huge'" in capsys.readouterr().err
