"""A folder given in place of another is named as what it is."""

from pathlib import Path

import pytest

from interplay.evals.pass_at_k import default_ks
from interplay.folders import KINDS, expect, kind_of

FILES = {
    "evaluation": ["problems.parquet", "samples.parquet", "stage.json"],
    "records": ["study.json", "results.csv", "problems.parquet", "samples.parquet"],
    "checkpoint": ["config.json", "model.safetensors"],
    "stage": ["stage.json"],
    "store": ["pretrain/0123456789/stage.json"],
}


def test_every_kind_is_told_from_the_others(tmp_path: Path) -> None:
    for kind, names in FILES.items():
        for name in names:
            (tmp_path / kind / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / kind / name).touch()
    for asked in KINDS:
        assert expect(tmp_path / asked, asked) == tmp_path / asked
        for other in set(KINDS) - {asked}:
            with pytest.raises(ValueError, match=r"is (an|a) ") as raised:
                expect(tmp_path / other, asked)
            assert KINDS[other] in str(raised.value)
    assert kind_of(tmp_path) is None
    with pytest.raises(ValueError, match=f"did you mean {tmp_path}/records"):
        expect(tmp_path, "records")
    with pytest.raises(ValueError, match="no such folder"):
        expect(tmp_path / "no", "store")


def test_ks_fit_the_samples() -> None:
    assert [default_ks(n) for n in (0, 1, 2, 32, 64, 100, 128, 256)] == [
        (1,), (1,), (1, 2), (1, 8, 32), (1, 8, 64), (1, 8, 64, 100), (1, 8, 64, 128), (1, 8, 64, 128, 256)
    ]  # fmt: skip
