"""A CUDA device that is not there: tensors know their shape, type and device and hold nothing, and every operation is noted.

What a GPU run would ask of the host shows here: a number read back, a copy to the CPU, a shape that depends on values. A
build of torch without CUDA refuses a few operations on such tensors (indexing, the fused norm, methods that look for
the device): they are put in words that need none.
"""

from contextlib import ExitStack, contextmanager

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ASKING = ("_local_scalar_dense", "nonzero", "is_nonzero", "item", "equal")


class Noted(TorchDispatchMode):
    """Names of operations, devices and types of what they made, and what made the host wait."""

    def __init__(self):
        super().__init__()
        self.names, self.asked, self.made = [], [], []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        self.names.append(name)
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        if name in ASKING:
            self.asked.append(name)
        found = func(*args, **(kwargs or {}))
        for tensor in (t for t in tree_leaves(found) if isinstance(t, torch.Tensor)):
            self.made.append((name, tensor.device.type, tensor.dtype, tuple(tensor.shape)))
            if tensor.device.type == "cpu" and any(t.device.type == "cuda" for t in given):
                self.asked.append(f"{name} to the CPU")
        return found

    def types_of(self, name):
        return {dtype for made, _, dtype, _ in self.made if made == name}


class _Plain(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.rms_norm, torch.nn.functional.rms_norm):
            x, _, weight, eps = args if len(args) == 4 else (*args, kwargs["weight"], kwargs["eps"])
            return (x.float() * (x.float().square().mean(-1, keepdim=True) + eps).rsqrt()).to(x.dtype) * weight
        if func is torch.Tensor.__getitem__ and args[0].device.type == "cuda":
            return _got(*args)
        if func is torch.Tensor.__setitem__ and args[0].device.type == "cuda":
            return _set(*args)
        if func is torch.Tensor.contiguous:
            return torch.ops.aten.clone(args[0], memory_format=torch.contiguous_format)
        try:
            return func(*args, **(kwargs or {}))
        except RuntimeError as error:  # the method insists on a device; the operation behind it does not
            if "not linked with support" not in str(error):
                raise
            name = {"__invert__": "bitwise_not"}.get(func.__name__, func.__name__)
            return getattr(torch.ops.aten, name)(*args, **(kwargs or {}))


def _taken(x, key):
    """A view of x by the numbers, slices and new axes of an index, and what tensors of the index are left, by axis."""
    left, axis = [], 0
    parts = key if isinstance(key, tuple) else (key,)
    count = sum(part is not None and part is not ... for part in parts)
    for part in parts:
        if part is None:
            x = x.unsqueeze(axis)
        elif part is ...:
            left += [None] * (x.ndim - axis - count)
            axis = x.ndim - count
            continue
        elif isinstance(part, int):
            x, count = torch.ops.aten.select(x, axis, part), count - 1
            continue
        elif isinstance(part, slice):
            x, count = torch.ops.aten.slice(x, axis, part.start, part.stop, part.step or 1), count - 1
        else:
            left += [None] * (axis - len(left)) + [part]
            count -= 1
        axis += 1
    return x, left


def _got(x, key):
    view, left = _taken(x, key)
    return torch.ops.aten.index(view, left) if left else view


def _set(x, key, value):
    view, left = _taken(x, key)
    value = value if isinstance(value, torch.Tensor) else torch.full((), value, dtype=x.dtype, device=x.device)
    if any(part is not None for part in left):
        torch.ops.aten.index_put_(view, left, value)
    else:
        view.copy_(value)


@contextmanager
def fake_cuda():
    """Inside, tensors are fake and "cuda" is a device; gives what is noted."""
    with ExitStack() as stack:
        stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        stack.enter_context(_Plain())
        yield stack.enter_context(Noted())


def moved(model):
    """The model with its parameters and buffers on the fake device, shared ones still shared."""
    known = {}

    def fake(tensor):
        if id(tensor) not in known:
            empty = torch.empty(tensor.shape, dtype=tensor.dtype, device="cuda")
            trained = isinstance(tensor, torch.nn.Parameter)
            known[id(tensor)] = tensor, torch.nn.Parameter(empty, tensor.requires_grad) if trained else empty
        return known[id(tensor)][1]

    for module in model.modules():
        for held in (module._parameters, module._buffers):
            held.update({name: fake(tensor) for name, tensor in held.items() if tensor is not None})
    return model
