"""What moves an address: 1 every field of every config of a stage, and every stage it needs; 2 the versions of the code that
makes, cuts, judges and pays; 3 the words of a context. What does not: how a stage runs, where its store is, its label."""

from typing import Literal, get_args, get_origin

import pytest

from interplay.config import Config
from interplay.data.mixture import World
from interplay.rl.pools import Adaptive
from interplay.stages.kinds import KINDS
from interplay.stages.stage import Stage, upstream
from interplay.studies.recipe import Recipe
from interplay.studies.scales import settings
from interplay.studies.study import Workplace
from interplay.train.runtime import Runtime
from interplay.world import context


def last_stage(store="store", runtime=None, label=""):
    """An evaluation of an RL stage after mid-training: upstream of it stands each kind once."""
    recipe = Recipe(settings("micro", {"pretrain.curve_points": "2"}), Workplace(store, runtime or {}))
    edge = recipe.regimes["edge"]
    mid = recipe.midtrained(recipe.base(0), edge, 4096, 0, name=label)
    rl = recipe.reinforced(mid, edge, 0, label, selection=Adaptive(start_op=5))
    return recipe.arm("rl", "RL", "", 0, rl).evaluation


def addresses(stage):
    return {found.kind: found.address for found in upstream(stage)}


def another(value, annotation):
    """A value that is not this one; it need not make sense, since nothing is validated or run."""
    if get_origin(annotation) is Literal:
        return next((word for word in get_args(annotation) if word != value), f"{value}x")
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case None:
            return 3
        case str() if value in context.names():
            return next(name for name in context.names() if name != value)
        case tuple():
            return (*value, *value) or (1,)
        case _:
            return f"{value}x"


def variants(model, path=""):
    """(dotted name, the model with that one field changed), down to the leaves of everything inside."""
    for name, field in type(model).model_fields.items():
        value, here = getattr(model, name), f"{path}{name}"
        if isinstance(value, Config | Stage):
            changed = ((deeper, inner) for deeper, inner in variants(value, f"{here}."))
        elif isinstance(value, tuple) and value and isinstance(value[0], Config):
            changed = ((deeper, (inner, *value[1:])) for deeper, inner in variants(value[0], f"{here}[0]."))
        elif isinstance(model, Stage) and name in ("kind", "infra"):
            continue
        else:
            changed = [(here, another(value, field.annotation))]
        for deeper, inner in changed:
            yield deeper, model.model_copy(update={name: inner})


def identity(stage):
    return stage._exca_uid_dict_override()


def test_the_walk_enters_every_kind_of_stage():
    assert [type(stage) for stage in upstream(last_stage())] == list(KINDS)


def test_every_field_moves_the_address_and_those_that_say_how_it_runs_do_not():
    stage = last_stage()
    known, fields = identity(stage), []
    for field, changed in variants(stage):
        field_of_runtime = any(part in ("runtime", "processes", "label") for part in field.split("."))
        assert (identity(changed) == known) is field_of_runtime, field
        fields.append(field)
    assert {"gold", "config.ks", "checkpoint.config.reward.alpha", "checkpoint.config.selection.threshold"} <= set(
        fields
    )
    assert {"checkpoint.start.start.seed", "checkpoint.start.start.tokenizer.config.vocab_size"} <= set(fields)
    assert {"runtime.threads", "checkpoint.runtime.micro_tokens", "label"} <= set(fields)


def test_an_address_is_its_identity_and_no_store_runtime_or_label():
    moved = last_stage("elsewhere", Runtime(threads=7, device="cpu").model_dump(), "another name")
    assert addresses(moved) == addresses(last_stage())


def test_a_field_that_is_written_out_as_its_default_moves_nothing():
    assert World(order="random").identity(defaults=False) != World().identity(defaults=False)
    assert World(d=2).identity(defaults=False) == World().identity(defaults=False)


ALL = {"tokenizer", "pretrain", "midtrain", "rl", "evaluate"}


@pytest.mark.parametrize(
    ("version", "moves"),
    [
        ("interplay.data.mixture.GENERATOR_VERSION", ALL),
        ("interplay.data.tokenizer.TOKENIZER_VERSION", ALL),
        ("interplay.rl.rewards.VERIFIER_VERSION", {"rl", "evaluate"}),
        ("interplay.rl.rewards.REWARD_VERSION", {"rl", "evaluate"}),
        ("interplay.evals.evaluate.VERIFIER_VERSION", {"evaluate"}),
    ],
)
def test_a_raised_version_of_the_code_moves_what_depends_on_it(version, moves, monkeypatch):
    before = addresses(last_stage())
    monkeypatch.setattr(version, "next")
    after = addresses(last_stage())
    assert {kind for kind in before if after[kind] != before[kind]} == moves


def test_a_word_of_a_built_in_context_moves_every_address(monkeypatch, tmp_path):
    before = addresses(last_stage())
    for name in context.names():
        text = (context._BUILT_IN / f"{name}.toml").read_text()
        (tmp_path / f"{name}.toml").write_text(text.replace('"lion"', '"zebrass"'))
    monkeypatch.setattr(context, "_BUILT_IN", tmp_path)
    from interplay.data.vocabulary import context_of

    for cache in (context_of, context._built_in):
        cache.cache_clear()
    after = addresses(last_stage())
    for cache in (context_of, context._built_in):
        cache.cache_clear()
    assert not set(before.values()) & set(after.values())
