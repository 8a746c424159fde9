"""A published checkpoint on the Hugging Face Hub: checked here, uploaded only by `interplay push`, private at first.

What a stage publishes is safetensors, JSON and a model card. A folder with anything that would be unpickled on opening, or
one whose manifest does not hold, is not sent.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from interplay.manifest import MANIFEST, damage
from interplay.model.build import load
from interplay.progress import say

TOKEN = re.compile(r"hf_[A-Za-z0-9]{8,}|(?<=Bearer )\S+")
NAME = re.compile(r"[\w.-]+/[\w.-]+")
CARD = "README.md"
NEEDED = (CARD, "config.json", "tokenizer.json", "tokenizer_config.json", MANIFEST)
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz")


def check_name(repo: str) -> None:
    """Raises ValueError for what is no repository's name."""
    if not NAME.fullmatch(repo):
        raise ValueError(f"{repo!r} is no repository name; it is OWNER/NAME")


def plan_upload(folder: Path, repo: str) -> dict[str, int]:
    """The files to send with their sizes. Raises ValueError for what is no whole, pickle-free checkpoint with a card."""
    check_name(repo)
    if not folder.is_dir():
        raise ValueError(f"no such folder: {folder}")
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        if path.suffix.lower() in PICKLES:
            raise ValueError(f"{path} may hold pickled code; a checkpoint to share has safetensors only")
        if path.is_symlink():
            raise ValueError(f"{path} is a link; a checkpoint to share has its own files")
    for name in NEEDED:
        if not (folder / name).is_file():
            raise ValueError(f"{folder} is no published checkpoint: {name} is missing")
    if (problem := damage(folder / MANIFEST)) is not None:
        raise ValueError(f"damaged checkpoint: {problem}")
    load(folder)
    listed = {MANIFEST, *json.loads((folder / MANIFEST).read_text(encoding="utf-8"))}
    found = {path.relative_to(folder).as_posix(): path.stat().st_size for path in paths}
    if strangers := sorted(found.keys() - listed):
        say(f"not sent, since the manifest does not list it: {', '.join(strangers)}")
    return {name: size for name, size in found.items() if name in listed}


def without_token(text: str) -> str:
    """The text without anything that looks like an access token, and without the one that is in use."""
    text = TOKEN.sub("hf_...", text)
    return text.replace(held, "...") if (held := get_token()) else text


def upload(folder: Path, repo: str, files: dict[str, int], *, private: bool = True, api: Any = None) -> str:
    """Create the repository where there is none, send the files, and return its address. The same call again goes on with an
    upload that was cut, as far as huggingface_hub does: with hf_xet it leaves out what has arrived.

    `private` decides for a new repository alone; one that is there stays as it is. Raises ValueError in one line where the
    Hub refuses.
    """
    api = api or HfApi()
    try:
        url = api.create_repo(repo, private=private, exist_ok=True, repo_type="model")
        api.upload_folder(
            repo_id=repo, folder_path=str(folder), repo_type="model", allow_patterns=sorted(files),
            commit_message="Checkpoint trained with interplay",
        )  # fmt: skip
    except LocalTokenNotFoundError as error:
        raise ValueError("not logged in to the Hugging Face Hub; run `hf auth login` first") from error
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"the Hub refused {repo}: {without_token(said)}") from None  # its traceback may hold one
    return str(url)
