"""Claims of several studies on one page: all of them, grouped by the paper's claims and ours, closed to what text says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import synthetic_records as synthetic

from interplay.report import claims


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies, as a store keeps them; only what the page may read."""
    root = tmp_path_factory.mktemp("store")
    for design in (synthetic.SMALL, synthetic.LARGE):
        folder = root / "studies" / design.name
        folder.mkdir(parents=True)
        (folder / "study.json").write_text(json.dumps(synthetic.study(design, (0, 1, 2))))
        (folder / "claims.json").write_text(json.dumps(synthetic.claims(design, 3)))
    return root


def test_every_claim_stands_with_study_effect_p_n_and_verdict(store: Path, tmp_path: Path) -> None:
    page, document = claims.build_claims([store], tmp_path / "out" / "claims.html")
    lines = [line for line in document.read_text().splitlines() if line.startswith("| ") and "verdict" not in line]
    assert len([line for line in lines if "---" not in line]) == 6
    assert "T1" in page.read_text()
    for text in (page.read_text(), document.read_text()):
        assert "6 claims: 2 supported, 2 contradicted, 2 cannot tell, 0 not tested" in text
        assert text.index("T1") < text.index("T3") < text.index("Our own claims")
        for part in (
            "+0.131",
            "[+0.090, +0.172]",
            "0.012",
            "200 × 16, 3 seeds",
            "by itself it takes 7 trainings",
            "midtraining",
            "Base + RL − Base",
            "0, 1, 2",
        ):
            assert part in text.replace("\\", "")
    assert "| Base + RL − Base |" in document.read_text()  # which arms, which seeds, which record
    assert "| 0, 1, 2 | quickstart |" in document.read_text()


def test_fewer_than_three_trainings_are_described_in_words_and_one_number_counts_once(tmp_path: Path) -> None:
    for name in ("quickstart", "extrapolation"):
        (tmp_path / name).mkdir()
        made = [claim | {"number": claim["claim"]} for claim in synthetic.claims(synthetic.SMALL, 1)]
        (tmp_path / name / "study.json").write_text(
            json.dumps(synthetic.study(synthetic.SMALL, (0,)) | {"study": name})
        )
        (tmp_path / name / "claims.json").write_text(json.dumps(made))
    page, document = claims.build_claims([tmp_path], tmp_path / "claims.html")
    for text in (page.read_text(), document.read_text()):
        assert "3 claims (3 more say the same numbers again): 0 supported, 0 contradicted" in text
        assert "3 described with fewer than 3 trainings" in text
        for word in ("higher", "level", "lower"):
            assert f"n this pair of trainings: {word}" in text


def test_a_store_a_folder_of_studies_and_a_study_are_all_understood(store: Path) -> None:
    studies = store / "studies"
    for folders in ([store], [studies], list(studies.iterdir()), [store, studies]):
        assert len(claims.gather(folders)) == 6


@pytest.mark.parametrize(("name", "said"), [("nothing", "no claims found"), ("missing", "no such folder")])
def test_a_folder_without_claims_is_one_line(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ValueError, match=said):
        claims.gather([tmp_path / name])


def test_keys_are_in_their_natural_order(store: Path) -> None:
    one = claims.gather([store])[0]
    keyed = [
        claims.Judged(one.study, one.claim.model_copy(update={"key": key, "source": "paper"}))
        for key in ("T10", "T2", "", "X")
    ]
    assert [group.title.split()[0] for group in claims.groups(keyed)] == ["Published", "T2", "T10", "X"]


def test_hostile_claims_stay_text(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "study.json").write_bytes((store / "studies" / "quickstart" / "study.json").read_bytes())
    made = synthetic.claims(synthetic.SMALL, 1)
    made[0]["claim"] = "a | b <script>alert(1)</script> [x](javascript:1)"
    (folder / "claims.json").write_text(json.dumps(made))
    page, document = claims.build_claims([folder], tmp_path / "c.html")
    assert page.read_text().count("<script>") == 1
    row = next(line for line in document.read_text().splitlines() if "alert" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 10
    assert not re.search(r"(?<!\\)[<\[]", row)


def test_the_table_of_a_readme_holds_what_was_decided_counts_the_rest_and_is_made_anew(
    store: Path, tmp_path: Path
) -> None:
    readme = tmp_path / "README.md"
    marks = "<!-- table of the decided claims -->\nold\n<!-- end of the decided claims -->"
    readme.write_text(f"# before\n\n{marks}\n\nafter\n")
    for _ in range(2):
        text = claims.fill_table(readme, [store], tmp_path / "docs" / "claims.md").read_text()
        assert "old" not in text
        assert text.startswith("# before")
        assert text.endswith("after\n")
        assert text.count("| supported |") == text.count("| contradicted |") == 2
    (tmp_path / "bare.md").write_text("nothing")
    with pytest.raises(ValueError, match="a table of claims goes between"):
        claims.fill_table(tmp_path / "bare.md", [store], tmp_path / "claims.md")


def test_a_heading_of_a_claim_without_a_number_is_its_sentence(store: Path) -> None:
    one = claims.gather([store])[0]
    keyed = claims.Judged(one.study, one.claim.model_copy(update={"key": "framework", "source": "paper"}))
    assert [group.title for group in claims.groups([keyed])] == ["The verifier that the paper released"]
