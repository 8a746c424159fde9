"""What is said of a library that cannot be imported: 1 one that is missing, 2 one whose own dependency is, 3 one that is there
but broken, however that shows; 4 the command line says the same on one line with exit code 2; 5 an error of ours stays one."""

import subprocess
import sys

import pytest

from interplay.extras import need

LOADS = "interplay.cli import main; main()"


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Puts a module of that name in the place of an installed one; its code is run at import."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(name, code):
        for loaded in [module for module in sys.modules if module.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, loaded)
        (tmp_path / f"{name}.py").write_text(code)
        return tmp_path

    return put


LINKER = "libcudart.so.12: cannot open shared object file: No such file or directory"
BROKEN = {  # the code of a vLLM: what is said of it
    f"raise ImportError({LINKER!r}, name='vllm._C')": f"vLLM is installed but cannot be imported: {LINKER}",
    f"raise OSError({LINKER!r})": f"vLLM is installed but cannot be imported: {LINKER}",
    "import ctypes; ctypes.CDLL('libnowhere.so.1')": "vLLM is installed but cannot be imported: libnowhere.so.1: cannot open",
    "from json import nothing_like_it": "vLLM is installed but cannot be imported: cannot import name 'nothing_like_it'",
    "raise ImportError('one\\ntwo')": "vLLM is installed but cannot be imported: one",
    "raise ImportError": "vLLM is installed but cannot be imported: ImportError",
    "import json.nowhere": "vLLM is installed but cannot be imported: No module named 'json.nowhere'",
    "raise ModuleNotFoundError('get the other one')": "vLLM is installed but cannot be imported: get the other one",
    "import nowhere_at_all": "nowhere_at_all is not installed: pip install 'interplay[vllm]'",
    "raise ModuleNotFoundError(name='torch')": "torch is not installed: pip install 'interplay[train]'",
}


@pytest.mark.parametrize(("code", "said"), BROKEN.items(), ids=BROKEN)
def test_a_library_that_cannot_be_imported_is_said_on_one_line(library, code, said):
    library("vllm", code)
    with pytest.raises(ValueError, match=r"^\S+ is ") as refused:
        need("vllm", "vllm")
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vllm", "vLLM is not installed: pip install 'interplay[vllm]'"),
        ("ray", "Ray is not installed: pip install 'interplay[ray]'"),
        ("trl", "TRL is not installed: pip install 'interplay[interop]'"),
        ("pandas", "pandas is not installed: pip install 'interplay[report]'"),
        ("nowhere_at_all", "nowhere_at_all is not installed: pip install nowhere_at_all"),
    ],
)
def test_a_library_that_is_missing_is_named_as_its_users_do(monkeypatch, name, said):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match=r"not installed") as refused:
        need(name)
    assert str(refused.value) == said


def test_an_error_that_is_no_matter_of_importing_is_left_alone(library):
    library("vllm", "1 / 0")
    with pytest.raises(ZeroDivisionError):
        need("vllm")


def command(folder, *words):
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); from {LOADS}"
    return subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"raise ImportError({LINKER!r})", f"is installed but cannot be imported: {LINKER}"),
        (f"raise OSError({LINKER!r})", f"is installed but cannot be imported: {LINKER}"),
        ("import nowhere_at_all", "nowhere_at_all is not installed: pip install nowhere_at_all"),
    ],
)
def test_the_command_line_says_it_and_ends_with_2(library, code, said):
    folder = library("torch", code)
    done = command(folder, "eval", folder, "--data", folder / "rows.jsonl")
    told = said if said.startswith("nowhere") else f"torch {said}"
    assert (done.returncode, done.stderr) == (2, f"error: {told}\n")


def test_the_command_line_says_of_what_was_asked_for_by_name_that_it_is_broken(library):
    folder = library("vllm", f"raise OSError({LINKER!r})")
    words = ["eval", folder, "--data", folder / "rows.jsonl", "--out", folder / "out", "--backend", "vllm"]
    done = command(folder, *words)
    assert (done.returncode, done.stderr) == (2, f"error: vLLM is installed but cannot be imported: {LINKER}\n")
    assert not (folder / "out").exists()


def test_a_name_that_our_own_code_does_not_find_is_a_traceback():
    program = f"import interplay.evals.pass_at_k as m; del m.default_ks; from {LOADS}"
    done = subprocess.run(
        [sys.executable, "-c", program, "eval", "x", "--data", "rows.jsonl"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "ImportError: cannot import name 'default_ks'" in done.stderr
