"""What a study is: a question, arms that end in a checkpoint, contrasts between arms, a claim with its rule.

A study is a Python function from settings to a `Study`. Nothing runs while it is made, so a plan costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from interplay.data.vocabulary import context_of
from interplay.schema.study import Direction
from interplay.stages.kinds import Checkpointed, EvaluateStage
from interplay.stages.stage import Stage, upstream
from interplay.studies.settings import Settings


class Arm(NamedTuple):
    """One treatment under one seed; `factors` say what was varied, `start` names the arm it was trained from."""

    name: str
    label: str
    description: str
    seed: int
    checkpoint: Checkpointed
    evaluation: EvaluateStage
    factors: Mapping[str, float | str] = {}
    start: str = ""


class Contrast(NamedTuple):
    """Treatment minus control, on the same problems; `control_rule` where the control is scored by another rule.

    gain: what each gained over the arm it started from, treatment minus control. Where the arms differ in their starts, the
    plain difference mixes what the start had with what the treatment added.
    """

    name: str
    label: str
    treatment: str
    control: str
    regime: str
    k: int
    rule: str = "strict"
    op: int | None = None
    control_rule: str = ""
    gain: bool = False


class Claim(NamedTuple):
    """A sentence and the contrasts that decide it, fixed before the run. `key` groups the sentences of one claim.

    How a direction is judged, and what few trainings may say, is `evals.verdict`. `margin` is the smallest effect of interest:
    what a flat claim allows, and what plans ask trainings for. `also` names more contrasts, all of which have to agree.
    """

    text: str
    contrast: str
    key: str = ""
    source: Literal["paper", "ours"] = "ours"
    direction: Direction = "up"
    margin: float = 0.05
    also: tuple[str, ...] = ()

    @property
    def contrasts(self) -> tuple[str, ...]:
        """Every contrast that has to agree."""
        return (self.contrast, *self.also)


def measured(claims: Iterable[Claim], contrasts: Iterable[Contrast]) -> tuple[Claim, ...]:
    """The claims whose contrasts are there: arms can be left out and doses be set, and some sentences
    need more of them than others."""
    names = {contrast.name for contrast in contrasts}
    return tuple(claim for claim in claims if names.issuperset(claim.contrasts))


class Study(NamedTuple):
    """Everything there is to know before the first stage runs. `x` and `by` name the factors of the dose figure.

    beside: a context of pre-training; records say how alike the graphs of problems in other contexts are to those served in it
    """

    name: str
    title: str
    question: str
    settings: Settings
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]
    claims: tuple[Claim, ...]
    x: str = ""
    by: str = ""
    beside: str = ""

    @property
    def regimes(self) -> dict[str, list[int]]:
        """Ops of each regime that the arms are evaluated on."""
        regimes = self.arms[0].evaluation.config.regimes
        return {regime.name: sorted({cell.op for cell in regime.mixture.cells}) for regime in regimes}

    @property
    def stages(self) -> list[Stage]:
        """Every stage of the study once, each after what it needs."""
        ordered: dict[str, Stage] = {}
        for arm in self.arms:
            for stage in upstream(arm.evaluation):
                ordered.setdefault(stage.address, stage)
        return list(ordered.values())

    def only(self, names: Sequence[str]) -> Study:
        """The study with some of its arms, and what can be said about them. Raises ValueError for an unknown arm."""
        known = list(dict.fromkeys(arm.name for arm in self.arms))
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"study {self.name} has no arm {unknown[0]!r}; the arms are {', '.join(known)}")
        kept = [contrast for contrast in self.contrasts if set(self.compared(contrast)) <= set(names)]
        return self._replace(
            arms=tuple(
                arm._replace(start=arm.start if arm.start in names else "") for arm in self.arms if arm.name in names
            ),
            contrasts=tuple(kept),
            claims=measured(self.claims, kept),
        )

    def of_seeds(self, seeds: Sequence[int]) -> Study:
        """The study with some of its seeds."""
        chosen = self.settings.model_copy(update={"seeds": tuple(seeds)})
        return self._replace(settings=chosen, arms=tuple(arm for arm in self.arms if arm.seed in seeds))

    def compared(self, contrast: Contrast) -> tuple[str, ...]:
        """The arms that a contrast is computed from: treatment and control, and for a gain the starts of both."""
        starts = {arm.name: arm.start for arm in self.arms} if contrast.gain else {}
        pair = (contrast.treatment, contrast.control)
        return (*pair, *(starts.get(name, "") for name in pair if contrast.gain))

    def check(self) -> None:
        """Raises ValueError where the parts do not fit together: nothing of that kind may surface after hours of work."""
        if not self.arms:
            raise ValueError(f"study {self.name}: there are no arms")
        seeds: dict[str, list[int]] = {}
        for arm in self.arms:
            seeds.setdefault(arm.name, []).append(arm.seed)
        for name, found in seeds.items():
            if len(set(found)) < len(found):
                raise ValueError(f"study {self.name}: two arms are named {name!r}")
            if found != list(self.settings.seeds):
                raise ValueError(
                    f"study {self.name}: arm {name!r} has seeds {found}, asked are {list(self.settings.seeds)}"
                )
        if unknown := {arm.start for arm in self.arms} - {*seeds, ""}:
            raise ValueError(
                f"study {self.name}: no arm {min(unknown)!r} to start from; the arms are {', '.join(seeds)}"
            )
        if self.beside not in {"", *self._pretrained()}:
            raise ValueError(f"study {self.name}: no pre-training has the context {self.beside!r}")
        self._check_contrasts(set(seeds))

    def _pretrained(self) -> set[str]:
        """The contexts of all pre-training."""
        mixtures = [mixture for stage in self.stages if stage.kind == "pretrain" for mixture in stage.mixtures]
        return {context_of(cell.context).name for mixture in mixtures for cell in mixture.cells}

    def _check_contrasts(self, arms: set[str]) -> None:
        for contrast in self.contrasts:
            for arm in self.compared(contrast):
                if not arm:
                    raise ValueError(f"study {self.name}: contrast {contrast.name!r} asks for a gain over no start")
                if arm not in arms:
                    raise ValueError(
                        f"study {self.name}: contrast {contrast.name!r} names an arm {arm!r} that is not there"
                    )
            if contrast.regime not in self.regimes:
                raise ValueError(
                    f"study {self.name}: contrast {contrast.name!r} names a regime {contrast.regime!r}; "
                    f"there are {', '.join(self.regimes)}"
                )
            if contrast.treatment != contrast.control and contrast.control_rule in ("", contrast.rule):
                self._refuse_one_training(contrast)
        names = {contrast.name for contrast in self.contrasts}
        for claim in self.claims:
            if unknown := sorted(set(claim.contrasts) - names):
                raise ValueError(f"study {self.name}: a claim names a contrast {unknown[0]!r} that is not there")

    def _refuse_one_training(self, contrast: Contrast) -> None:
        """Settings can make one training of two arms; then their difference is 0 whatever is true."""
        pair = (contrast.treatment, contrast.control)
        ends = {arm.evaluation.address for arm in self.of_seeds(self.settings.seeds[:1]).arms if arm.name in pair}
        if len(ends) == 1:
            raise ValueError(
                f"study {self.name}: with these settings {contrast.treatment} and {contrast.control} are one training, "
                "and a contrast of them compares it with itself"
            )


StudyMaker = Callable[[Settings, "Workplace"], Study]


class Workplace(NamedTuple):
    """Where stages keep their results and how they run; never part of an address."""

    store: str
    runtime: dict[str, object]

    def stage(self, label: str) -> dict[str, Any]:
        """The fields every stage takes that do not enter its address."""
        return {"infra": {"folder": self.store}, "runtime": self.runtime, "label": label}
