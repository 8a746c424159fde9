"""A Qwen2 or Llama decoder for training on a CPU, with the gradients of its parts written out.

It computes what transformers' modules compute, with less traffic: q, k and v are one product, gate and up another; the
gains of the norms and the scale of attention are folded into the weights once a step; attention is two matrix products
over rows of a few hundred positions; the vocabulary and most of the last layer are met only where a label stands. The
residual stream, the norms and all sums of gradients are fp32; products are in the dtype of the folded weights, so bf16
training keeps fp32 masters.
"""

# R rows, T positions of a row, N = R * T, D hidden, H query heads, K key/value heads, E head dim, C = E / 2 rotary
# pairs, G = H / K, V vocabulary, L positions with a label

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from interplay.model.weights import in_family

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MAX_WIDTH = 1024  # positions of a row: attention holds T x T scores of every head


class Shape(NamedTuple):
    """What the sizes of the weights do not say."""

    heads: int
    kv_heads: int
    head_dim: int
    eps: float


class Rows(NamedTuple):
    """Some rows as the model reads them. `hidden_R_1_T_T` is 0 where a key is seen, -inf where it is not."""

    ids_R_T: Tensor
    cos_N_: Tensor
    sin_N_: Tensor
    hidden_R_1_T_T: Tensor


class Folded:
    """The weights of a model as one step's products use them: a view of its parameters that autograd can go back through.

    `leaves` are the folded weights in the dtype of the products, cut off from the parameters, so that any number of
    threads can take gradients of them; `backward` carries the sum of those gradients on to the parameters.
    """

    def __init__(self, model: PreTrainedModel, dtype: torch.dtype) -> None:
        config, body = model.config, model.model
        self.shape = _shape(config)
        self.dtype, self.body = dtype, body
        with torch.enable_grad():
            self.masters = [body.embed_tokens.weight, model.lm_head.weight * body.norm.weight]
            for layer in body.layers:
                self.masters += _layer(layer, self.shape)
        kept = (0, *(i for i, w in enumerate(self.masters) if w.ndim == 1))  # the residual's input, and biases
        self.leaves = [
            master.detach().to(torch.float32 if i in kept else dtype).requires_grad_()
            for i, master in enumerate(self.masters)
        ]

    def rows(self, ids_R_T: Tensor, positions_R_T: Tensor, seen_R_T_T: Tensor) -> Rows:
        """Rows with the rotations of their positions and with the keys that each position sees."""
        angles = self.body.rotary_emb(
            torch.zeros(1), positions_R_T
        )  # cos and sin, each R_T_E with E = two equal halves
        half, count = self.shape.head_dim // 2, self.shape.heads + self.shape.kv_heads
        cos_N_, sin_N_ = (a[..., :half].reshape(-1, half).repeat(1, count).to(self.dtype) for a in angles)
        unseen = torch.zeros(seen_R_T_T.shape, dtype=self.dtype).masked_fill_(~seen_R_T_T, float("-inf"))
        return Rows(ids_R_T, cos_N_, sin_N_, unseen[:, None])

    def backward(self, gradients: list[Tensor]) -> None:
        """Add the gradients of the leaves, as fp32, to the parameters' `grad`."""
        trained = [i for i, master in enumerate(self.masters) if master.requires_grad]  # a bias that is absent is not
        torch.autograd.backward([self.masters[i] for i in trained], [gradients[i] for i in trained])


def is_lean(model: PreTrainedModel, width: int) -> bool:
    """Whether this file computes that model, on rows of `width` positions."""
    if not in_family(model) or width > MAX_WIDTH:
        return False
    layer = model.model.layers[0]
    plain = (layer.self_attn.o_proj, layer.mlp.gate_proj, layer.mlp.up_proj, layer.mlp.down_proj)
    on_cpu_in_fp32 = all(p.device.type == "cpu" and p.dtype == torch.float32 for p in model.parameters())
    return on_cpu_in_fp32 and all(linear.bias is None for linear in plain) and model.lm_head.bias is None


def documents_seen(positions_R_T: Tensor) -> Tensor:
    """Which keys a position sees, [R, T, T]: those of its own document up to itself. Positions restart with a document."""
    places_T = torch.arange(positions_R_T.shape[1])
    starts_R_T = places_T - positions_R_T
    return (starts_R_T[:, :, None] == starts_R_T[:, None, :]) & (places_T[:, None] >= places_T)


def hidden_at(leaves: list[Tensor], shape: Shape, rows: Rows, places_L: Tensor) -> Tensor:
    """The last hidden states, normed, at places of the flattened rows: what the head multiplies, [L, D]."""
    x_N_D = F.embedding(rows.ids_R_T.reshape(-1), leaves[0])
    dtype = leaves[1].dtype
    for i in range(2, len(leaves), 5):
        qkv, bias, out, gate_up, down = leaves[i : i + 5]
        attended_N_ = _attend(F.linear(_norm(x_N_D, shape.eps, dtype), qkv, bias.to(dtype)), rows, shape)
        if i + 5 == len(leaves):  # nothing attends to what the last layer makes of the other places
            x_N_D, attended_N_ = x_N_D.index_select(0, places_L), attended_N_.index_select(0, places_L)
        x_N_D = x_N_D + F.linear(attended_N_, out)
        x_N_D = x_N_D + F.linear(_swiglu(F.linear(_norm(x_N_D, shape.eps, dtype), gate_up)), down)
    return _norm(x_N_D, shape.eps, dtype)


def nats(leaves: list[Tensor], shape: Shape, rows: Rows, places_L: Tensor, targets_L: Tensor) -> Tensor:
    """Summed cross entropy of the tokens that follow the given places."""
    return cast(Tensor, _Nats.apply(hidden_at(leaves, shape, rows, places_L), leaves[1], targets_L))  # type: ignore[no-untyped-call]


def _shape(config: Any) -> Shape:
    heads = int(config.num_attention_heads)
    head_dim = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    return Shape(heads, int(config.num_key_value_heads), head_dim, float(config.rms_norm_eps))


def _layer(layer: Any, shape: Shape) -> list[Tensor]:
    """(qkv, its bias, out, gate and up, down) with gains and the scale of attention folded in.

    The rows of q and k are ordered by half, then head, then pair: a rotation is then four products over long runs.
    """
    attention, ffn = layer.self_attn, layer.mlp
    parts = (attention.q_proj, attention.k_proj, attention.v_proj)
    half, heads = shape.head_dim // 2, shape.heads + shape.kv_heads
    order = torch.arange(heads * shape.head_dim).view(heads, 2, half).transpose(0, 1).reshape(-1)
    scale = torch.ones(heads, shape.head_dim)
    scale[: shape.heads] = shape.head_dim**-0.5

    def joined(tensors: list[Tensor]) -> Tensor:
        qk, v = torch.cat(tensors[:2]), tensors[2]
        scaled = (qk.view(heads * shape.head_dim, -1) * scale.view(-1, 1))[order]
        return torch.cat([scaled, v.view(len(v), -1)])

    biases = [part.weight.new_zeros(len(part.weight)) if part.bias is None else part.bias for part in parts]
    qkv = joined([part.weight for part in parts]) * layer.input_layernorm.weight
    gate_up = torch.cat([ffn.gate_proj.weight, ffn.up_proj.weight]) * layer.post_attention_layernorm.weight
    return [qkv, joined(biases).view(-1), attention.o_proj.weight, gate_up, ffn.down_proj.weight]


def _norm(x_N_D: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
    return cast(Tensor, _Norm.apply(x_N_D, eps, dtype))  # type: ignore[no-untyped-call]


def _attend(qkv_N_: Tensor, rows: Rows, shape: Shape) -> Tensor:
    return cast(Tensor, _Attend.apply(qkv_N_, rows, shape))  # type: ignore[no-untyped-call]


def _swiglu(gate_up_N_: Tensor) -> Tensor:
    return cast(Tensor, _SwiGLU.apply(gate_up_N_))  # type: ignore[no-untyped-call]


class _Norm(torch.autograd.Function):
    """x / rms(x), of an fp32 x, in another dtype."""

    @staticmethod
    def forward(ctx: Any, x_N_D: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
        ctx.r_N_1 = torch.linalg.vector_norm(x_N_D, dim=-1, keepdim=True)
        ctx.r_N_1.square_().div_(x_N_D.shape[1]).add_(eps).rsqrt_()
        y_N_D: Tensor = (x_N_D * ctx.r_N_1).to(dtype)
        ctx.y_N_D = y_N_D.detach()
        return y_N_D

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_N_D: Tensor) -> tuple[Tensor, None, None]:
        y_N_D, r_N_1, d_N_D = ctx.y_N_D.float(), ctx.r_N_1, d_N_D.float()
        along_N_1 = (d_N_D * y_N_D).sum(-1, keepdim=True).div_(-y_N_D.shape[1])
        return torch.addcmul(d_N_D, y_N_D, along_N_1).mul_(r_N_1), None, None


class _SwiGLU(torch.autograd.Function):
    """silu(gate) * up, of both side by side."""

    @staticmethod
    def forward(ctx: Any, gate_up_N_: Tensor) -> Tensor:
        gate_N_, up_N_ = gate_up_N_.chunk(2, dim=-1)
        silu_N_ = F.silu(gate_N_)
        ctx.gate_up_N_, ctx.silu_N_ = gate_up_N_.detach(), silu_N_
        return silu_N_ * up_N_

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_N_: Tensor) -> Tensor:
        gate_N_, up_N_ = ctx.gate_up_N_.chunk(2, dim=-1)
        out_N_ = torch.empty_like(ctx.gate_up_N_)
        d_gate_N_, d_up_N_ = out_N_.chunk(2, dim=-1)
        torch.mul(d_N_, ctx.silu_N_, out=d_up_N_)
        torch.ops.aten.silu_backward.grad_input(d_N_ * up_N_, gate_N_, grad_input=d_gate_N_)
        return out_N_


class _Attend(torch.autograd.Function):
    """Causal attention inside rows, from q, k and v side by side; q comes scaled, and a mask says who sees whom."""

    @staticmethod
    def forward(ctx: Any, qkv_N_: Tensor, rows: Rows, shape: Shape) -> Tensor:
        count, width = rows.ids_R_T.shape
        turned = _turned(qkv_N_, rows, shape, 1)
        heads = turned.view(count, width, 2, -1, shape.head_dim // 2).permute(0, 3, 1, 2, 4)
        q = heads[:, : shape.heads].reshape(count * shape.kv_heads, -1, shape.head_dim)
        k = heads[:, shape.heads :].reshape(count * shape.kv_heads, width, shape.head_dim)
        v = qkv_N_[:, turned.shape[1] :].view(count, width, shape.kv_heads, -1).transpose(1, 2)
        v = v.reshape(count * shape.kv_heads, width, shape.head_dim)
        scores = torch.bmm(q, k.mT).view(count, shape.heads, width, width)
        shares = scores.add_(rows.hidden_R_1_T_T).softmax(-1).view(len(k), -1, width)
        ctx.kept, ctx.rows, ctx.shape = (q, k, v, shares), rows, shape
        return _by_position(torch.bmm(shares, v), count, width)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_N_: Tensor) -> tuple[Tensor, None, None]:
        (q, k, v, shares), shape = ctx.kept, ctx.shape
        count, width = ctx.rows.ids_R_T.shape
        d = d_N_.view(count, width, shape.heads, -1).transpose(1, 2).reshape(q.shape)
        d_v = torch.bmm(shares.mT, d)
        d_scores = torch._softmax_backward_data(torch.bmm(d, v.mT), shares, -1, shares.dtype)
        d_q, d_k = torch.bmm(d_scores, k), torch.bmm(d_scores.mT, q)
        out_N_ = d_N_.new_empty(count * width, (shape.heads + 2 * shape.kv_heads) * shape.head_dim)
        turned = d_N_.new_empty(count, width, 2, shape.heads + shape.kv_heads, shape.head_dim // 2)
        heads = turned.permute(0, 3, 1, 2, 4)
        heads[:, : shape.heads].copy_(d_q.view(count, shape.heads, width, 2, -1))
        heads[:, shape.heads :].copy_(d_k.view(count, shape.kv_heads, width, 2, -1))
        _turned(turned.view(len(out_N_), -1), ctx.rows, shape, -1, out_N_)
        out_N_[:, turned[0, 0].numel() :] = _by_position(d_v, count, width)
        return out_N_, None, None


def _turned(x_N_: Tensor, rows: Rows, shape: Shape, sign: int, out_N_: Tensor | None = None) -> Tensor:
    """q and k turned by their positions, or back: x_N_ holds all first halves, then all second halves, then perhaps v."""
    half = (shape.heads + shape.kv_heads) * shape.head_dim // 2
    out_N_ = x_N_.new_empty(len(x_N_), 2 * half) if out_N_ is None else out_N_
    first, second = x_N_[:, :half], x_N_[:, half : 2 * half]
    torch.mul(first, rows.cos_N_, out=out_N_[:, :half]).addcmul_(second, rows.sin_N_, value=-sign)
    torch.mul(second, rows.cos_N_, out=out_N_[:, half : 2 * half]).addcmul_(first, rows.sin_N_, value=sign)
    return out_N_


def _by_position(x: Tensor, count: int, width: int) -> Tensor:
    """From rows and heads to positions: [N, heads * E]."""
    return x.view(count, -1, width, x.shape[-1]).transpose(1, 2).reshape(count * width, -1)


class _Nats(torch.autograd.Function):
    """Summed cross entropy behind a head. The gradient of the logits is made at once, where the logits are still near."""

    @staticmethod
    def forward(ctx: Any, h_L_D: Tensor, head_V_D: Tensor, targets_L: Tensor) -> Tensor:
        logits_L_V = F.linear(h_L_D, head_V_D).float()
        logits_L_V -= logits_L_V.amax(-1, keepdim=True)
        chosen_L = logits_L_V.gather(1, targets_L[:, None])[:, 0].double()
        sums_L_1 = logits_L_V.exp_().sum(-1, keepdim=True)
        d_L_V = logits_L_V.div_(sums_L_1)
        d_L_V[torch.arange(len(targets_L)), targets_L] -= 1.0
        d_L_V = d_L_V.to(h_L_D.dtype)
        ctx.gradients = d_L_V @ head_V_D, d_L_V.mT @ h_L_D
        return (sums_L_1[:, 0].double().log() - chosen_L).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d: Tensor) -> tuple[Tensor, Tensor, None]:
        d_h_L_D, d_head_V_D = ctx.gradients
        factor = float(d)
        return (d_h_L_D, d_head_V_D, None) if factor == 1.0 else (d_h_L_D * factor, d_head_V_D * factor, None)
