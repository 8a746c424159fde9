"""Every claim of several studies on one page, grouped by the paper's claims and ours; from claims.json and study.json alone.

The same is written as Markdown, so that it can stand in a repository.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from interplay.evals.verdict import DESCRIPTIONS, TRAININGS
from interplay.files import write_text
from interplay.report import markdown, wording
from interplay.report.contrasts import extent
from interplay.report.offline import asset, rendered
from interplay.report.records import read_claims
from interplay.report.table import Estimate
from interplay.schema.study import Claim, Study

VERDICTS = ("supported", "contradicted", "cannot tell", "not tested")  # what is always counted, in this order
JUDGED, DECIDED = VERDICTS[:3], VERDICTS[:2]
BEGIN, END = "<!-- table of the decided claims -->", "<!-- end of the decided claims -->"


@dataclass(frozen=True)
class Judged:
    """One claim, in the study that tested it."""

    study: Study
    claim: Claim
    folder: Path = Path()  # the record that the row comes from

    @property
    def record(self) -> str:
        """Its name among the others."""
        return self.folder.name

    @property
    def page(self) -> Path:
        """The study's own page, where one was made."""
        return self.folder.with_name(f"{self.record}.md") if self.record else self.folder

    @property
    def contrast(self) -> str:
        """The arms whose difference decides it, by the names that readers know."""
        labels = {arm.arm: arm.label for arm in self.study.arms}
        pair = [labels.get(name, name) for name in (self.claim.treatment, self.claim.control)]
        return f"{pair[0]} − {pair[1]}" if pair[0] != pair[1] else f"{pair[0]}, two rules"

    @property
    def seeds(self) -> str:
        """The seeds that ran."""
        return ", ".join(map(str, self.study.seeds))

    @property
    def measured(self) -> str:
        """`edge, pass@1`; with the op and the rule where they are not the common ones."""
        claim = self.claim
        if claim.k is None:
            return ""
        where = claim.regime if claim.op == "all" else f"{claim.regime}, op {claim.op}"
        rule = "" if claim.scored == "strict" else f", {claim.scored}"
        gain = ", gain against gain" if claim.gain else ""
        return f"{where}, pass@{claim.k}{rule}{gain}"

    @property
    def remark(self) -> str:
        """What a reader must know beside the verdict: why it is not tested, or how many trainings a change of
        the margin takes to be seen by itself, without the correction for the other claims."""
        claim = self.claim
        if claim.verdict == "not tested":
            return claim.note
        needed, had = claim.trainings_needed, claim.n_seeds
        if claim.verdict in ("supported", "contradicted") or needed is None or had is None or needed <= had:
            return ""
        return f"by itself it takes {needed} trainings"

    @property
    def effect(self) -> str:
        """Effect with its interval."""
        claim = self.claim
        return str(Estimate(claim.effect, claim.lo, claim.hi, sign=True))

    @property
    def p(self) -> str:
        """The corrected p-value; a dash where the interval alone decides."""
        return wording.p_value(self.claim.p_holm)

    @property
    def n(self) -> str:
        """Problems, samples and seeds."""
        return wording.compact_size(self.claim.n_problems, self.claim.n_samples, self.claim.n_seeds)


@dataclass(frozen=True)
class Group:
    """The judged sentences of one published claim, or all of ours."""

    title: str
    members: tuple[Judged, ...]


def build_claims(folders: Iterable[Path], out: Path) -> tuple[Path, Path]:
    """Write the page and its Markdown beside it. Raises ValueError where no folder holds claims."""
    judged = gather(folders)
    made = groups(judged)
    out.parent.mkdir(parents=True, exist_ok=True)
    page = write_text(out.with_suffix(".html"), render(judged, made))
    return page, write_text(out.with_suffix(".md"), as_markdown(judged, made, out.parent))


def gather(folders: Iterable[Path]) -> list[Judged]:
    """Every claim of the studies in these folders: a study's own, a folder of studies, or a store."""
    found: list[Judged] = []
    for path in dict.fromkeys(path for folder in folders for path in _studies_in(folder)):
        study, claims = read_claims(path)
        found += [Judged(study, claim, path) for claim in claims]
    if not found:
        raise ValueError("no claims found: a folder needs claims.json and study.json, itself or in a folder below")
    return sorted(found, key=lambda one: (one.study.study, one.study.scale))


def _studies_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    below = folder / "studies" if (folder / "studies").is_dir() else folder
    return [path for path in (folder, *sorted(below.iterdir())) if (path / "claims.json").is_file()]


def groups(judged: list[Judged]) -> list[Group]:
    """The paper's claims by their key, then ours."""
    published: dict[str, list[Judged]] = {}
    for one in judged:
        if one.claim.source == "paper":
            published.setdefault(one.claim.key, []).append(one)
    made = []
    for key in sorted(published, key=_natural):
        sentence = wording.PAPER.get(key, "")
        numbered = key if re.fullmatch(r"T\d+", key) or not sentence else ""
        title = " ".join(part for part in (numbered, sentence) if part) or "Published claims"
        made.append(Group(title, tuple(published[key])))
    ours = tuple(one for one in judged if one.claim.source != "paper")
    return [*made, Group("Our own claims", ours)] if ours else made


def _natural(key: str) -> list[tuple[int, str]]:
    """T2 before T10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", key) if part]


def counted(judged: list[Judged]) -> str:
    """`12 claims: 5 supported, 1 contradicted, 6 cannot tell, 0 not tested`; one number counts once.

    What fewer than three trainings show is counted apart, as described.
    """
    once = {(one.claim.number or id(one)): one for one in reversed(judged)}.values()
    counts: Counter[str] = Counter(one.claim.verdict for one in once)
    parts = [f"{counts[name]} {name}" for name in VERDICTS]
    if described := sum(counts[name] for name in DESCRIPTIONS):
        parts.append(f"{described} described with fewer than {TRAININGS} trainings")
    copies = f" ({len(judged) - len(once)} more say the same numbers again)" if len(once) < len(judged) else ""
    return f"{wording.plural(len(once), 'claim')}{copies}: {', '.join(parts)}"


def without_record(judged: list[Judged]) -> str:
    """`No record here is of T5 or T6.`: the numbered claims of the paper that no study here asked; else nothing."""
    asked = {one.claim.key for one in judged}
    missing = [key for key in sorted(wording.PAPER, key=_natural) if re.fullmatch(r"T\d+", key) and key not in asked]
    return f"No record here is of {' or '.join(missing)}." if missing else ""


def render(judged: list[Judged], made: list[Group]) -> str:
    """The page as text."""
    return rendered(
        "claims.html.jinja",
        asset("page.js"),
        groups=made,
        counted=counted(judged),
        without_record=without_record(judged),
        ends=extent(one.claim for one in judged),
        rules=list(dict.fromkeys(one.claim.rule for one in judged)),
        studies=list({id(one.study): one.study for one in judged}.values()),
    )


def around_marks(path: Path) -> tuple[str, str]:
    """What stands before and behind the marks of a table of claims. Raises ValueError where the file is no text or has no
    marks."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"--readme {path}: {said}") from None
    before, mark, rest = text.partition(BEGIN)
    _, closing, after = rest.partition(END)
    if not mark or not closing:
        raise ValueError(f"{path}: a table of claims goes between the lines {BEGIN} and {END}")
    return before, after


def fill_table(path: Path, folders: Iterable[Path], document: Path) -> Path:
    """Make what stands between the marks of a Markdown file anew: the claims that were decided, one number once, and a line
    that says how many were not and links `document`, where all of them are.

    Raises ValueError where the file has no marks.
    """
    before, after = around_marks(path)
    once: dict[object, Judged] = {}
    for one in gather(folders):
        if one.claim.verdict in JUDGED:
            once.setdefault(one.claim.number or id(one), one)
    decided = [one for one in once.values() if one.claim.verdict in DECIDED]
    rows = [(one.claim.claim, one.measured, one.effect, one.n, one.claim.verdict,
             markdown.link(one.record, one.page, path.parent)) for one in decided]  # fmt: skip
    table = markdown.table(("claim", "measured", "effect [95 %]", "n", "verdict", "record"), rows)
    counts: Counter[str] = Counter(one.claim.verdict for one in once.values())
    line = f"Of {wording.plural(len(once), 'judged claim')} {', '.join(f'{counts[name]} {name}' for name in JUDGED)}: "
    line += markdown.link("all of them", document, path.parent) + "."
    return write_text(path, f"{before}{BEGIN}\n\n{table}\n\n{line}\n\n{END}{after}")


def as_markdown(judged: list[Judged], made: list[Group], beside: Path) -> str:
    """The same as a document in the folder `beside`, from which it links each record's page."""
    header = ("claim", "verdict", "effect [95 %]", "measured", "n", "p (Holm)", "contrast", "seeds run", "record")
    parts = ["# Claims", "A claim is a sentence that was fixed before the run, with the difference that decides it and the "
             "rule. T1 to T8 are claims of the paper whose studies are repeated here. \"Supported\" and \"contradicted\" take "
             f"at least {TRAININGS} trainings of each model; with fewer the row only describes those that ran.",
             f"{counted(judged)}. Effects are paired by problem, in shares of problems or samples: +0.05 is five "
             "points. n is problems × samples, seeds; a record is the folder of tables that the row comes from. "
             "“By itself it takes N trainings”: so many see a change as large as the claim's margin with 80 % power, before "
             "the correction for the study's other claims. "
             "Studies of one scale share trainings where their seeds are the same, so rows that compare the same arms are not "
             "independent of each other. `make docs-reports` makes this page.", without_record(judged)]  # fmt: skip
    for group in made:
        rows = [
            (f"{one.claim.claim} ({one.remark})" if one.remark else one.claim.claim,
             f"{wording.MARKS[one.claim.verdict]} {wording.said(one.claim.verdict, one.claim.n_seeds)}",
             one.effect, one.measured, one.n, one.p, one.contrast, one.seeds, markdown.link(one.record, one.page, beside))
            for one in group.members
        ]  # fmt: skip
        parts += [f"## {markdown.escaped(group.title)}", markdown.table(header, rows)]
    rules = dict.fromkeys(one.claim.rule for one in judged)
    parts += ["## How it is decided", "\n".join(f"- {markdown.escaped(rule)}" for rule in rules)]
    return "\n\n".join(part for part in parts if part) + "\n"
