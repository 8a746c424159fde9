"""What a study can show before it runs: its own replicates where the store has them, every claim at its own k."""

import json
from pathlib import Path

import pytest

from interplay.evals.spread import NO_REPLICATES
from interplay.studies.catalogue import make_study
from interplay.studies.foresight import MEASURED_APART, designs, measured_spread, power_lines
from interplay.studies.scales import settings
from interplay.studies.settings import Settings
from interplay.studies.study import Study
from interplay.train.runtime import Runtime


def made(name: str, tmp_path: Path, **overrides: str) -> Study:
    return make_study(name, "micro", overrides, tmp_path, Runtime(threads=1))


def test_noise_is_eight_replicates_with_every_k_where_no_seeds_are_asked_for(tmp_path: Path) -> None:
    study = made("noise", tmp_path)
    study.check()
    assert study.settings.seeds == tuple(range(8))
    assert {contrast.k for contrast in study.contrasts} == set(study.settings.ks)
    for asked in ((3, 4, 5), (0,)):
        assert made("noise", tmp_path, seeds=",".join(map(str, asked))).settings.seeds == asked


def test_replicates_of_the_store_are_taken_where_the_training_is_the_same(tmp_path: Path) -> None:
    chosen, folder = settings("micro", {}), tmp_path / "studies" / "noise-micro-0123456789"
    assert set(MEASURED_APART) <= set(Settings.model_fields)
    kept = measured_spread(chosen, None)
    assert measured_spread(chosen, tmp_path) == kept
    folder.mkdir(parents=True)
    (folder / "effects.csv").write_text("regime,k,n_seeds,control_mean,training_sd\nedge,1,8,0.25,0.04\n")
    (folder / "study.json").write_text(json.dumps({"seeds": [0, 1, 2], "settings": chosen.model_dump(mode="json")}))
    assert measured_spread(settings("micro", {"samples": "64"}), tmp_path).rows[0].training_sd == 0.04
    assert kept.source == "measured by replicates at micro"
    other = measured_spread(settings("micro", {"rl.steps": "7"}), tmp_path)
    assert other.rows == kept.rows
    assert (
        other.source
        == f"{kept.source}, which trained otherwise (rl.steps: 100 -> 7); `noise` measures it at these settings"
    )


def test_a_plan_says_what_every_claim_sees_at_its_own_k_and_what_it_needs(tmp_path: Path) -> None:
    study = made("headroom", tmp_path, seeds="0,1,2")
    found = designs(study, NO_REPLICATES)
    assert set(found) == {name for claim in study.claims for name in claim.contrasts}
    gains = [found[contrast.name] for contrast in study.contrasts if contrast.gain and contrast.name in found]
    plain = next(found[c.name] for c in study.contrasts if not c.gain and c.name in found and c.k == gains[0].k)
    assert gains[0].training_sd == pytest.approx(plain.training_sd * 2**0.5)
    lines = power_lines(study, NO_REPLICATES, found)
    assert "3 trainings of each arm" in lines[0]
    assert "assumed" in lines[0]
    assert any(line.startswith("  edge, pass@32:") and "needs" in line for line in lines)
    assert any(line.startswith("  edge, pass@32, a gain against a gain:") for line in lines)


def test_what_exposure_and_hard_data_do_for_rl_is_a_gain_against_a_gain(tmp_path: Path) -> None:
    contextual, headroom = made("contextual", tmp_path), made("headroom", tmp_path)
    contrasts = {contrast.name: contrast for contrast in (*contextual.contrasts, *headroom.contrasts)}
    exposed = [claim for claim in contextual.claims if "exposure" in claim.text and "Without" not in claim.text]
    assert exposed
    assert all(contrasts[claim.contrast].gain for claim in exposed)
    (peak,) = (claim for claim in headroom.claims if "peaks" in claim.text)
    assert len(peak.contrasts) == 2
    assert all(contrasts[name].gain for name in peak.contrasts)


def test_gold_is_asked_for_the_very_problems_of_rl_with_and_without_replay(tmp_path: Path) -> None:
    arms = {arm.name: arm for arm in made("extrapolation", tmp_path).arms}
    rl, gold, replay = (arms[name].checkpoint.config for name in ("rl_edge", "gold", "gold_replay"))
    asked = rl.pool.take(0, 40)
    stream = gold.stream.model_copy(update={"distinct": None})
    assert [problem.id for problem in asked] == [stream[index].id for index in range(40)]
    assert gold.stream.distinct == rl.steps * rl.prompts
    assert gold.budget_tokens == replay.budget_tokens
    assert replay.stream.model_copy(update={"replay": None}) == gold.stream
    assert {cell.op for cell in replay.stream.replay.mixture.cells} == {1, 2, 3, 4}


def test_what_is_kept_with_a_scale_are_the_effects_of_its_committed_noise_study() -> None:
    root = Path(__file__).parents[2]
    kept = sorted((root / "src" / "interplay" / "studies" / "replicates").glob("*.csv"))
    assert [path.stem for path in kept] == ["micro"]
    for path in kept:
        assert path.read_bytes() == (root / "docs" / "studies" / f"noise_{path.stem}" / "effects.csv").read_bytes()
