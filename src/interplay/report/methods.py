"""The methods section: what was done, in prose with its numbers, from the resolved settings in study.json.

A sentence is written only where its numbers are there, so a study without RL has no paragraph on RL, and a setting this
version does not know is left to the table of settings.
"""

from __future__ import annotations

from typing import Any

from interplay.evals.verdict import TRAININGS
from interplay.report import select, wording
from interplay.report.records import Records
from interplay.schema.study import Stage, Study

Paragraph = tuple[str, str]


def paragraphs(records: Records) -> list[Paragraph]:
    """(heading, text) pairs, in the order of a paper."""
    made = (
        ("Data", _data(records)),
        ("Model and tokenizer", _model(records)),
        ("Supervised training", _supervised(records)),
        ("Reinforcement learning", _rl(records)),
        ("Evaluation", _evaluation(records)),
        ("Statistics", _statistics(records)),
        ("Compute and software", _compute(records)),
    )
    return [(heading, text) for heading, text in made if text]


def _stages(records: Records, kind: str) -> list[Stage]:
    return [stage for stage in records.study.stages.values() if stage.kind == kind]


def _all(values: list[Any]) -> list[Any]:
    """Different values, once each, without None."""
    return list(dict.fromkeys(value for value in values if value is not None))


def _either(values: list[Any], spell: Any = str) -> str:
    """`0.002`, `0.002 or 0.004`: what different stages were given."""
    found = [spell(value) for value in _all(values)]
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + f" or {found[-1]}" if found else ""


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _data(records: Records) -> str:
    study, world = records.study, records.study.settings.get("world", {})
    where = f"in the {'context' if len(study.contexts) == 1 else 'contexts'} {_list(list(study.contexts))}"
    text = f"Word problems were generated from dependency graphs {where}"
    if style := world.get("style"):
        text += f", in the {style} style"
    bounds = []
    if numbers := world.get("numbers"):
        bounds.append(f"constants from {numbers[0]} to {numbers[1]}")
    if world.get("max_value"):
        bounds.append(f"quantities up to {world['max_value']}")
    if distractors := world.get("distractors"):
        low, high = distractors if isinstance(distractors, list | tuple) else (distractors, distractors)
        bounds.append(
            "no distractors" if high == 0 else f"{low} to {high} distractors" if low != high else f"{low} distractors"
        )
    text += f", with {_list(bounds)}." if bounds else "."
    modes = study.settings.get("modes")
    if modes:
        text += f" Mode: {_list(list(modes))}."
    text += f" Regimes are ranges of the operation count: {'; '.join(select.regimes_of(records).values())}."
    return f"{text} Training, RL and test problems are of separate splits."


def _model(records: Records) -> str:
    settings = records.study.settings
    model = settings.get("model", {})
    if "layers" not in model:
        return ""
    size = parameters(records.study)
    text = (
        f"Decoders of the Qwen2 family{f' with {wording.size(size)} parameters' if size else ''}: {model['layers']} layers, "
        f"hidden size {model['hidden']}, feed-forward size {model['ffn']}, {model['heads']} heads "
        f"({model['kv_heads']} for keys and values), {'tied' if model.get('tied') else 'separate'} embeddings."
    )
    for stage in _stages(records, "tokenizer")[:1]:
        text += f" One byte-level BPE tokenizer of {stage.summary.get('vocab_size', stage.config.get('vocab_size')):,} tokens"
        if documents := stage.config.get("documents"):
            text += f" was trained on {documents:,} problems over every op that is asked"
        text += f" (unit: {unit})." if (unit := stage.config.get("unit")) else "."
    return text


def parameters(study: Study) -> float | None:
    """Parameters of the model: papers count 6 FLOPs per parameter and token, so the nominal cost says them."""
    for stage in (stage for stage in study.stages.values() if stage.kind == "pretrain"):
        tokens, flops = stage.summary.get("tokens"), stage.summary.get("nominal_flops")
        if tokens and flops:
            return float(flops) / 6 / float(tokens)
    return None


def _supervised(records: Records) -> str:
    sentences = []
    for kind, name in (("pretrain", "Pre-training"), ("midtrain", "Mid-training")):
        stages = _stages(records, kind)
        if not stages:
            continue
        budgets = _either(sorted(_all([stage.config.get("budget_tokens") for stage in stages])), wording.size)
        rates = _either([stage.config.get("optimizer", {}).get("lr") for stage in stages], "{:g}".format)
        on = _either([stage.what for stage in stages])
        sentences.append(f"{name} took {budgets} tokens on {on}, at a peak learning rate of {rates}.")
    first = next(iter(_stages(records, "pretrain") + _stages(records, "midtrain")), None)
    if first is None:
        return ""
    config = first.config
    optimizer, schedule, packing = (config.get(name, {}) for name in ("optimizer", "schedule", "packing"))
    if optimizer:
        name = {"muon": "Muon on matrices and AdamW elsewhere", "adamw": "AdamW"}.get(
            optimizer["kind"], optimizer["kind"]
        )
        matrix = f", {optimizer['matrix_lr']:g} for matrices" if optimizer["kind"] == "muon" else ""
        sentences.append(
            f"Optimizer: {name}{matrix}, weight decay {optimizer['weight_decay']:g}, gradients clipped at norm "
            f"{optimizer['clip_norm']:g}; {config.get('batch_tokens', 0):,} tokens a step in {config.get('precision', '')}."
        )
    if schedule:
        names = {"wsd": "warm-up, constant, decay", "cosine": "warm-up and cosine decay"}
        shape = names.get(schedule["kind"], schedule["kind"])
        decay = f", decay over {schedule['decay']:.0%}" if schedule["kind"] == "wsd" and "decay" in schedule else ""
        sentences.append(
            f"Every stage has a complete schedule of its own: {shape} (warm-up {schedule['warmup']:.0%}{decay})."
        )
    if packing:
        sentences.append(
            f"Documents were packed into rows of {packing['width']} tokens; loss on {_loss_on(packing.get('loss_on', ''))}."
        )
    return " ".join(sentences)


def _loss_on(name: str) -> str:
    return {"solution": "the solutions alone", "all": "every token"}.get(name, name)


def _rl(records: Records) -> str:
    stages = _stages(records, "rl")
    if not stages:
        return ""

    def each(*path: str) -> list[Any]:
        found = []
        for stage in stages:
            value: Any = stage.config
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            found.append(value)
        return found

    text = (
        f"GRPO with an implementation of our own on {_either([stage.what for stage in stages])}: {_either(each('steps'))} "
        f"steps of {_either(each('prompts'))} problems × {_either(each('group'))} samples at temperature "
        f"{_either(each('sampling', 'temperature'), '{:g}'.format)}"
    )
    text += f", {_either(each('updates'))} update(s) each" if _all(each("updates")) else ""
    text += f". Reward: {_either(each('reward', 'kind'))}"
    if (alphas := _all(each("reward", "alpha"))) and "mixed" in each("reward", "kind"):
        text += f" (alpha {_either(alphas, '{:g}'.format)})"
    text += f". Learning rate {_either(each('optimizer', 'lr'), '{:g}'.format)} ({_either(each('optimizer', 'kind'))})"
    if kl := [value for value in _all(each("loss", "kl")) if value]:
        text += f", KL penalty {_either(kl, '{:g}'.format)}"
    else:
        text += ", no KL penalty"
    if unfit := sum(_unfit(stages)):
        text += f". {unfit:,} prompts that leave no room for a solution in the model's positions were left out"
    return f"{text}. {_tuned(records)}"


def _unfit(stages: list[Stage]) -> list[int]:
    """Prompts that did not fit, of the stages that counted them; older ones did not."""
    return [int(stage.summary.get("unfit") or 0) for stage in stages]


def _tuned(records: Records) -> str:
    """Where the learning rates come from; records of older runs do not say."""
    rows = records.study.settings.get("tuned")
    if not isinstance(rows, dict) or records.study.study == "tuning":
        return ""
    named = [f"{method} {row}" for method, row in rows.items() if row]
    if not named:
        return "Learning rates and steps were not tuned on held-out problems of this setting."
    return f"Learning rates and steps were chosen on held-out problems and seeds of their own: {', '.join(named)}."


def problems_asked(records: Records) -> str:
    """`200 of edge and hard, 159 of id`: problems as they were asked, of which an op may have fewer than a scale wants."""
    regimes: dict[int | None, list[str]] = {}
    for regime in records.study.regimes:
        found = next((row for row in records.results if row.regime == regime and row.op == "all"), None)
        if found is not None:
            regimes.setdefault(found.n_problems, []).append(regime)
    if len(regimes) == 1:
        return f"{next(iter(regimes))} per regime"
    return ", ".join(f"{number} of {' and '.join(names)}" for number, names in regimes.items())


def _evaluation(records: Records) -> str:
    settings = records.study.settings
    for stage in _stages(records, "evaluate")[:1]:
        config = stage.config
        sampling = config.get("sampling", {})
        text = (
            f"Each arm and seed answered the same unseen problems, {problems_asked(records)}, "
            f"{config.get('samples', settings.get('samples'))} samples each at temperature "
            f"{sampling.get('temperature', '–')}, at most {sampling.get('max_new_tokens', '–')} new "
            "tokens. A solution counts when every step is right (strict); pass@k is the unbiased estimate."
        )
        if unfit := max(_unfit(_stages(records, "evaluate"))):
            text += (
                f" The prompts of {unfit:,} problems leave no room for a solution: all of their samples count as wrong."
            )
        if records.nll:
            text += " The NLL of the gold solutions was measured on the same problems."
        return text
    return ""


def _statistics(records: Records) -> str:
    seeds = len(records.study.seeds)
    text = (
        "Differences are paired by problem; intervals are 95 % and come from a bias-corrected bootstrap over problems"
    )
    text += f", with {seeds} training seeds as a t-distributed outer level" if seeds > 1 else ""
    text += (
        ". p-values are by sign flips over problems and, with several trainings, no smaller than the tail of the intervals' t; "
        "they are Holm-corrected over the study's claims."
    )
    if seeds < TRAININGS:
        text += f" With fewer than {TRAININGS} trainings claims are described, not judged: others may fare otherwise."
    if records.study.detectable and records.study.detectable.text:
        text += f" Power: {records.study.detectable.text}."
    return text.replace("..", ".")


def _compute(records: Records) -> str:
    study = records.study
    total = {name: _total(records, name) for name in ("tokens", "flops", "nominal_flops")}
    flops = f"{total['flops']:.2g}".replace("e+", "e")
    text = f"All stages together processed {wording.size(total['tokens'])} tokens in {flops} FLOPs"
    if total["nominal_flops"]:
        text += f" ({total['nominal_flops']:.2g}".replace("e+", "e") + " by the nominal count of papers)"
    text += f" and took {wording.duration(study.wall_s)} of wall time, shared stages once"
    machine = study.machine
    where = machine.get("cuda") or (f"{machine['cores']} CPU cores" if machine.get("cores") else "")
    names = {"threads": "threads of a stage", "jobs": "stages side by side"}
    how = [f"{said}: {machine[name]}" for name, said in names.items() if name in machine]
    text += f", on {where}{f' ({_list(how)})' if how else ''}." if where else "."
    versions = [f"{name} {number}" for name, number in study.software.items()]
    return f"{text} Software: interplay {study.version}{''.join(f', {v}' for v in versions)}."


def _total(records: Records, name: str) -> float:
    values = [stage.summary.get(name) for stage in records.study.stages.values()]
    return float(sum(value for value in values if isinstance(value, int | float)))
