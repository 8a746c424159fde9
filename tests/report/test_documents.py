"""Pages of the documentation: made from small records, the same bytes each time, with the numbers of the full report."""

from __future__ import annotations

import csv
import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic_records as synthetic

from interplay.report import costs, figures, markdown, methods, select, series, tables, theme, wording
from interplay.report.figures import compute, effects
from interplay.report.markdown import build_markdown
from interplay.report.records import read_records
from interplay.report.slim import POINTS, slim


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("large"), design=synthetic.LARGE)


def test_a_document_has_question_claims_figure_effects_and_methods(large: Path, tmp_path: Path) -> None:
    page = build_markdown(large, tmp_path / "docs" / "study.md")
    text = page.read_text().replace("\\", "")
    records = read_records(large)
    assert records.study.question in text
    assert all(claim.claim in text for claim in records.claims)
    for effect in records.effects:
        assert f"{wording.signed(effect.effect, 2)} {wording.ends(effect.lo, effect.hi)}" in text
    assert "](study.svg)" in text
    assert "**Data.**" in text
    assert (tmp_path / "docs" / "study.svg").stat().st_size < 150_000
    for name in ("compute", "compute_dose", "silent", "hacking"):
        assert f"](study_{name}.svg)" in text
        assert (tmp_path / "docs" / f"study_{name}.svg").exists()


def test_few_effects_are_a_table_that_a_phone_shows(tmp_path: Path) -> None:
    records = read_records(synthetic.write(tmp_path / "records", seeds=(0,)))
    text = build_markdown(tmp_path / "records", tmp_path / "study.md").read_text().replace("\\", "")
    assert "| treatment vs control | measured | difference | problems × samples |" in text
    for effect in records.effects:
        number = f"{wording.signed(effect.effect)} {wording.interval(effect.lo, effect.hi, sign=True)}".strip()
        assert f"| {effect.regime}, pass@{effect.k} | {number} |" in text
    assert "| claim | verdict | effect [95 %] |" in text  # the sentence and its number come first


def test_the_same_records_give_the_same_document(tmp_path: Path) -> None:
    records = synthetic.write(tmp_path / "records", seeds=(0,))
    page, again = (build_markdown(records, tmp_path / name / "study.md") for name in ("once", "again"))
    assert again.read_bytes() == page.read_bytes()
    assert again.with_suffix(".svg").read_bytes() == page.with_suffix(".svg").read_bytes()


def test_slim_records_say_the_same_in_few_bytes(large: Path, tmp_path: Path) -> None:
    small = slim(large, tmp_path / "small")
    assert sum(path.stat().st_size for path in small.iterdir()) < 325_000
    full, thin = read_records(large), read_records(small)
    assert thin.effects == full.effects
    assert thin.study == full.study
    for ours, theirs in zip(select.pass_rows(thin), select.pass_rows(full), strict=True):
        assert ours.value == pytest.approx(theirs.value, abs=5e-4)
    counts: dict[tuple[str, int, str], int] = {}
    for point in thin.curves:
        key = (point.arm, int(point.seed), point.stage)
        counts[key] = counts.get(key, 0) + 1
    assert max(counts.values()) <= POINTS
    styles = theme.arm_styles(thin.arms)
    assert [figure.name for _, figure in figures.all_figures(thin, styles)] == [
        figure.name for _, figure in figures.all_figures(full, styles)
    ]
    with pytest.raises(ValueError, match="records itself"):
        slim(large, large)


def test_ten_arms_have_every_figure_and_no_legend_is_needed(large: Path) -> None:
    records = read_records(large)
    styles = theme.arm_styles(records.arms)
    assert len({(s.color, s.shape, s.dash) for s in styles.values()}) == len({s.color for s in styles.values()}) == 10
    placed = figures.all_figures(records, styles)
    drawn = {figure.name: figure for _, figure in placed}
    assert set(drawn) == {"glance", "dose", "pass_at_k", "effects", "effects_matrix", "compute", "compute_dose", "by_op",
                          "nll_change", "learning", "cells", "silent", "error_classes", "hacking", "outcomes"}  # fmt: skip
    assert len(drawn["pass_at_k"].panels) == 10
    assert [key.label for key in drawn["dose"].keys] == ["budget 700k", "budget 1.4M", "budget 2.8M"]
    assert figures.main_figure(placed) is drawn["dose"]
    for name in ("glance", "by_op", "nll_change", "effects_matrix", "hacking"):
        assert not drawn[name].arms
    assert all(re.search(r"\b(seed|seeds)\b|95 %", figure.caption) for figure in drawn.values())


def test_gains_stand_beside_the_differences_of_the_same_arms_and_never_in_their_place(large: Path) -> None:
    records = read_records(large)
    gains = [e.model_copy(update={"name": f"{e.name}-gain", "gain": True, "effect": -0.777}) for e in records.effects]
    both = replace(records, effects=(*records.effects, *gains))
    styles = theme.arm_styles(both.arms)
    matrix = effects.matrix(both, styles)
    assert matrix is not None
    cells = [row for panel in matrix.panels for row in panel.spec()["data"]["values"] if "tip" in row]
    assert len(cells) == len(both.effects)
    wide = markdown._wide_effects(both, styles)
    lines = [line for line in wide.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert sum("(gains)" in line for line in lines) * 2 == len(lines)
    for line in lines:
        assert line.count("−0.78 ") == ("(gains)" in line) * 2 * len(both.study.regimes)
    assert "gained over the arm that it started from" in wide
    assert "gained over" not in markdown._wide_effects(records, styles)


def test_what_an_arm_cost_is_summed_over_its_stages_after_pre_training(large: Path) -> None:
    records = read_records(large)
    spent = costs.spent(records)
    assert spent["base"] == (0.0, 0.0, 0.0)
    rl_alone, mid_alone, both = spent["rl100_0"], spent["rl0_0"], spent["rl50_0"]
    assert both == pytest.approx([a + b for a, b in zip(rl_alone, mid_alone, strict=True)])
    made = tables.compute(records, theme.arm_styles(records.arms))
    assert made is not None
    assert [str(row[0]) for row in made.rows] == [records.arms[arm] for arm in spent if arm != "base"]
    assert made.rows[0][2:] == ("5.5e12", "5.2e12", "95%")
    drawn = compute.compute_dose(records, theme.arm_styles(records.arms))
    assert drawn is not None
    tips = [row["tip"] for panel in drawn.panels for row in panel.spec()["data"]["values"]]
    assert len(tips) == 9 * len(records.study.regimes) * 2
    assert any(f"{wording.size(both.measured)} FLOPs" in tip for tip in tips)


def test_regimes_at_the_same_ops_are_kept_apart(large: Path) -> None:
    assert [list(lane) for lane in select.lanes(read_records(large))] == [["A", "A deep"], ["B", "B deep"]]


def test_names_at_the_ends_of_lines_do_not_touch() -> None:
    places = series.spread({"a": 0.5, "b": 0.5, "c": 0.51, "d": 0.9}, 0.0, 1.0, 200)
    heights = sorted(200 * value for value in places.values())
    assert all(b - a >= series.LABEL_GAP - 1e-6 for a, b in itertools.pairwise(heights))
    assert places["d"] == pytest.approx(0.9)
    assert series.spread({"a": 1.0}, 0.1, 10.0, 200, log=True)["a"] == pytest.approx(1.0)


def test_methods_say_what_the_settings_say(large: Path, tmp_path: Path) -> None:
    text = " ".join(text for _, text in methods.paragraphs(read_records(large)))
    for part in ("zoo and school", "4 layers", "602 tokens", "1.3M tokens", "Muon", "80 steps of 24 problems × 16 samples",
                 "Reward: strict", "no KL penalty", "200 per regime, 16 samples", "3 training seeds", "torch 2.9.1",
                 ):  # fmt: skip
        assert part in text, part
    bare = synthetic.write(tmp_path, seeds=(0,))
    study = json.loads((bare / "study.json").read_text())
    for stage in study["stages"].values():
        stage["config"] = {}
    (bare / "study.json").write_text(json.dumps(study | {"settings": {}}))
    assert methods.paragraphs(read_records(bare))


def test_methods_count_the_prompts_that_did_not_fit_where_stages_say_it(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path, seeds=(0,))
    study = json.loads((folder / "study.json").read_text())

    def text(of_rl: int | None, of_evaluation: int | None) -> str:
        for stage in study["stages"].values():
            stage["summary"]["unfit"] = {"rl": of_rl, "evaluate": of_evaluation}.get(stage["kind"])
        (folder / "study.json").write_text(json.dumps(study))
        return " ".join(text for _, text in methods.paragraphs(read_records(folder)))

    assert text(None, None) == text(0, 0)
    stages = sum(stage["kind"] == "rl" for stage in study["stages"].values())
    assert f"{600 * stages:,} prompts that leave no room for a solution" in text(600, None)
    assert "The prompts of 7 problems leave no room for a solution" in text(None, 7)


def test_methods_say_on_how_many_threads_and_how_many_stages_ran_side_by_side(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path, seeds=(0,))
    study = json.loads((folder / "study.json").read_text())
    for more, said in (
        ({}, "on 2 CPU cores."),
        ({"threads": 1, "jobs": 2}, "(threads of a stage: 1 and stages side by side: 2)."),
    ):
        (folder / "study.json").write_text(json.dumps(study | {"machine": study["machine"] | more}))
        assert said in " ".join(text for _, text in methods.paragraphs(read_records(folder)))


def test_csv_of_a_study_without_pooled_rows_stays_whole(tmp_path: Path) -> None:
    one = synthetic.write(tmp_path / "one", seeds=(0,))
    small = slim(one, tmp_path / "small")
    with (small / "results.csv").open() as file:
        strict = [row for row in csv.DictReader(file) if row["rule"] == "strict"]
    assert {row["k"] for row in strict} == {str(k) for k in synthetic.SMALL.ks}
