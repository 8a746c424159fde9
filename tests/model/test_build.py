"""Shapes, building, saving and loading: counts are exact, building is deterministic, damage is refused by name."""

import json
from pathlib import Path

import pytest
import torch
from transformers import Qwen2ForCausalLM

from interplay.model.build import build, load, qwen2_config, save
from interplay.model.sizes import SIZES, ModelConfig, parameter_count, size

TINY = ModelConfig(layers=2, hidden=32, ffn=48, heads=4, kv_heads=2)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("tied", [True, False])
def test_the_formula_counts_the_built_model(name: str, tied: bool) -> None:
    config = ModelConfig(**(SIZES[name].model_dump() | {"tied": tied}))
    with torch.device("meta"):
        model = Qwen2ForCausalLM(qwen2_config(config, 2_200))
    assert parameter_count(config, 2_200) == model.num_parameters()


def test_named_sizes_are_what_they_are_called() -> None:
    millions = {name: parameter_count(config, 2_200) / 1e6 for name, config in SIZES.items()}
    assert round(millions["paper"], 1) == 103.2
    assert round(millions["paper-45m"]) == 45
    assert 0.8 < parameter_count(SIZES["micro"], 300) / 1e6 < 1.1
    for name, about in {"mini": 6, "small": 30, "200m": 200, "400m": 400}.items():
        assert millions[name] == pytest.approx(about, rel=0.1)


def test_an_unknown_size_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="micro, mini"):
        size("huge")


def test_heads_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="kv_heads"):
        ModelConfig(layers=1, hidden=32, ffn=32, heads=4, kv_heads=3)


def test_building_is_a_function_of_the_names_and_leaves_global_state_alone() -> None:
    before = torch.random.get_rng_state()
    first, again, other = build(TINY, 50, "study", 1), build(TINY, 50, "study", 1), build(TINY, 50, "study", 2)
    assert torch.equal(before, torch.random.get_rng_state())
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first.model.embed_tokens.weight, other.model.embed_tokens.weight)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    model = build(TINY, 50, "saved")
    save(model, tmp_path / "step-10")
    save(model, tmp_path / "step-10")  # replaces
    loaded = load(tmp_path / "step-10")
    assert {p.name for p in tmp_path.iterdir()} == {"step-10"}
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name])


def test_a_damaged_checkpoint_is_one_line_naming_the_file(tmp_path: Path) -> None:
    path = save(build(TINY, 50, "damaged"), tmp_path / "checkpoint")
    weights = path / "model.safetensors"
    content = weights.read_bytes()
    for damaged in (content[: len(content) // 2], content[:4], b""):
        weights.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"model\.safetensors") as caught:
            load(path)
        assert "\n" not in str(caught.value)
    weights.unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors is missing"):
        load(path)
    (path / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is not valid JSON"):
        load(path)
    with pytest.raises(ValueError, match="not a directory"):
        load(tmp_path / "nowhere")


def test_missing_tensors_are_not_filled_with_fresh_weights(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = save(build(TINY, 50, "partial"), tmp_path / "checkpoint")
    tensors = load_file(path / "model.safetensors")
    tensors.pop("model.norm.weight")
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks 1 of the model's tensors, first model\.norm\.weight"):
        load(path)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("config.json", {"hidden_size": 10**9}, "hidden_size 1000000000, which cannot be"),
        ("config.json", {"vocab_size": 10**6}, "larger than its"),
        ("config.json", {"num_hidden_layers": 10**6}, "larger than its"),
        ("config.json", {"max_position_embeddings": 10**13}, "which cannot be"),
        ("config.json", {"num_attention_heads": 0}, "num_attention_heads 0"),
        ("config.json", {"hidden_size": "many"}, "hidden_size many"),
        ("config.json", {"rms_norm_eps": "many"}, "cannot load the checkpoint"),
        ("config.json", {"model_type": "other", "auto_map": {"AutoConfig": "other.C"}}, "cannot load the checkpoint"),
        ("config.json", "[" * 100_000, "not valid JSON"),
        ("model.safetensors.index.json", {"weight_map": 5}, "names no weights"),
        ("model.safetensors.index.json", {"weight_map": {"a": "../../etc/passwd"}}, "passwd is missing"),
    ],
)
def test_a_hostile_checkpoint_is_one_line_and_runs_nothing(
    file: str, content: dict[str, object] | str, said: str, tmp_path: Path
) -> None:
    path = save(build(TINY, 50, "hostile"), tmp_path / "checkpoint")
    (path / "other.py").write_text("from pathlib import Path\nPath(__file__).with_name('owned').touch()\n")
    if isinstance(content, dict):
        before = json.loads((path / file).read_text()) if (path / file).exists() else {}
        content = json.dumps(before | content)
    (path / file).write_text(content)
    with pytest.raises(ValueError, match=said) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert not (path / "owned").exists()


def test_pickled_weights_and_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = build(TINY, 50, "nan")
    with torch.no_grad():
        model.model.norm.weight[3] = float("nan")
    path = save(model, tmp_path / "checkpoint")
    with pytest.raises(ValueError, match=r"model\.norm\.weight holds values that are no numbers"):
        load(path)
    torch.save(model.state_dict(), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors is missing"):
        load(path)
