"""A setting that takes one of a few words says which: no config has a bare text field, but for the free texts named here.

A text that nobody checks is a wrong run without a word: `loss_on="solutions"` trained on all tokens. Options of the command
line are held to the same.
"""

import importlib
import pkgutil
import typing

import pytest

import interplay
from interplay.cli import main
from interplay.config import Config

FREE = {
    "Regime.name": "names a group of cells",
    "Settings.scale": "names the settings",
    "Words.total": "a word", "Words.average": "a word", "Words.entities": "words", "Words.locations": "words",
    "RemoteConfig.base_url": "a server's", "RemoteConfig.model": "a server's",
    "OfHeadroom.mixes": "each is looked up",
    **{f"Tuned.{n}": "a row of docs/tuning.md, held by a test" for n in ("rl", "self_train", "gold")},
    **{f"Resources.{n}": "a cluster's" for n in ("partition", "account", "qos", "constraint", "setup", "extra")},
}  # fmt: skip


def every_config(base=Config):
    for config in base.__subclasses__():
        yield config
        yield from every_config(config)


def import_everything():
    for module in pkgutil.walk_packages(interplay.__path__, "interplay."):
        if not module.name.endswith("__main__") and "interop" not in module.name:  # needs what is not required
            importlib.import_module(module.name)


def kinds(annotation):
    """Every type in an annotation, literals left out."""
    if typing.get_origin(annotation) is typing.Literal:
        return
    inside = typing.get_args(annotation)
    if not inside:
        yield annotation
    for part in inside:
        yield from kinds(part)


def bare(annotation):
    return str in set(kinds(annotation))


def test_no_config_has_a_text_that_nobody_checks():
    import_everything()
    configs = [config for config in every_config() if config.__module__.startswith("interplay.")]
    assert len(configs) > 25
    found = {
        f"{config.__name__}.{name}"
        for config in configs
        for name, field in config.model_fields.items()
        if bare(field.annotation) and not field.metadata
    }
    assert found == set(FREE), found ^ set(FREE)


@pytest.mark.parametrize(
    "words",
    [
        "run nothing",
        "run quickstart --scale nano",
        "run quickstart --device tpu --plan",
        "run quickstart --cluster pbs",
        "run quickstart --track paper --plan",
        "run quickstart --runtime device=tpu --plan",
        "run quickstart --runtime nothing=1 --plan",
        "run quickstart --set train.precision=bfloat16 --plan",
        "run quickstart --set samples=2 --set ks=1,8 --plan",
        "train --example nano",
        "data sample --op 2 --n 1 --mode sideways",
        "data sample --op 2 --n 1 --style loud",
        "data sample --op 2 --n 1 --context zooo",
        "data sample --scale nano --n 1",
        "data sample --scale micro --regime far --n 1",
        "data sample --op 2 --n 1 --split dev",
        "data sample --op 2 --n 1 --order sorted",
        "compare nowhere nowhere --rule lax",
        "bench nothing",
        "eval nowhere --data d.jsonl --samples 2",
        "eval nowhere --data d.jsonl --samples 2 --k 1,8",
        "eval nowhere --data d.jsonl --backend vlm",
        "eval --base-url URL --model NAME --data d.jsonl --prompt loud",
        "run quickstart --set train.optimizer.lr=nan --plan",
        "run quickstart --set rl.loss.ratio=tokens --plan",
        "run quickstart --set rl.sampling.greedy=Falsee --plan",
        "run quickstart --set contexts=zoo,nowhere.toml --plan",
        "run quickstart --set contexts=zoo,zoo --plan",
        "run quickstart --set modes=forward,forward --plan",
        "run quickstart --set seeds=1,0,1 --plan",
        "run quickstart --set ks=8,8 --plan",
        "run quickstart --set hard_ops=5,5 --plan",
        "run midtraining --set midtraining.rl_shares=0.5,0.5 --plan",
    ],
)
def test_no_option_takes_a_word_that_means_nothing(words, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["interplay", *words.split()])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert len(said) == 1, said
    assert not list(tmp_path.rglob("*"))
