"""One step of several answers through a transformers model: token numbers in, logits out, keys and values kept.

Three ways, the fastest that gives the model's own logits on a trial run:

====================  ======================================================================================
``llama.OnnxDecoder``  Llama-like models in float32 on a CPU: ONNX Runtime multiplies a few rows by a large
                       matrix two to three times as fast as PyTorch does
``TorchDecoder``       any model with full attention: rows share a step in ``Slots``
``LonelyDecoder``      the rest (sliding windows, recurrent layers): each answer by itself, in its own cache
====================  ======================================================================================
"""

# ruff: noqa: ANN401, ARG002 - tensors and models, torch is imported late; some decoders need not know all

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from deskhand_guardrails.errors import ConfigError
from langchain_deskhand.slots import Shape, Slots

_TRIAL = 9
"""Tokens of the trial run: enough to be read in two parts beside another answer."""

_PART = 3
"""Tokens of one of these parts, after which only the last one's logits are asked for."""


_ALLOWED_INT8 = 0.1
"""The shipped model's logits differ by 0.02 in 8 bits; one that differs by more writes something else."""


class Decoder(Protocol):
    """Steps answers, each in a slot of its own. Not for several threads."""

    drafts: bool
    """Whether a step may hold several tokens of which some are taken back."""

    def take(self) -> int:
        """Opens a slot."""

    def free(self, slot: int) -> None:
        """Closes a slot."""

    def run(self, tokens: Mapping[int, Sequence[int]], *, last: bool = False) -> dict[int, Any]:
        """Reads the next ``tokens`` of each slot; per slot the logits after each of them, shape (tokens, vocabulary).

        ``last`` asks for those after the last token only.
        """

    def rewind(self, slot: int, length: int) -> None:
        """Takes back what was read after the first ``length`` tokens."""

    def copy(self, slot: int, length: int | None = None) -> Any:
        """What a slot holds (of its first ``length`` tokens), for ``put``; None where that cannot be taken out."""

    def put(self, slot: int, entries: Any, length: int) -> None:
        """Starts a fresh slot with the first ``length`` tokens of what ``copy`` gave."""


def decoder_for(model: Any, *, int8: bool = False) -> Decoder:
    """The fastest way to step ``model`` that gives its own logits, or nearly so with ``int8``.

    Raises:
        ConfigError: ``int8`` cannot be had for this model, or changes what it says.
    """
    shape = _shape(model)
    if int8:
        return _in_8_bits(model, shape)
    if shape is not None:
        from langchain_deskhand import llama

        for make in (llama.build, TorchDecoder):
            try:
                decoder = make(model, shape)
                if decoder is not None and _agrees(decoder, model):
                    return decoder
            except Exception:  # noqa: BLE001, S112 - whatever a model's own code raises: it goes the next way
                continue
    return LonelyDecoder(model)


def _in_8_bits(model: Any, shape: Shape | None) -> Decoder:
    from langchain_deskhand import llama

    decoder = None if shape is None else llama.build(model, shape, int8=True)
    if decoder is None:
        raise ConfigError(
            "quantize int8: only for Llama, Mistral, Qwen2 and Qwen3 models in float32 on a CPU, with onnx installed "
            "(pip install 'deskhand[train]'); leave quantize out for this one, or set device to cpu"
        )
    if not _agrees(decoder, model, _ALLOWED_INT8):
        raise ConfigError("quantize int8: this model says something else in 8 bits; leave quantize out for it")
    return decoder


class SlotDecoder:
    """What the decoders with ``Slots`` have in common."""

    drafts = True

    def __init__(self, shape: Shape) -> None:
        self.slots = Slots(shape)

    def take(self) -> int:
        return self.slots.take()

    def free(self, slot: int) -> None:
        self.slots.free(slot)

    def rewind(self, slot: int, length: int) -> None:
        self.slots.lengths[slot] = length

    def copy(self, slot: int, length: int | None = None) -> Any:
        return self.slots.copy(slot, length)

    def put(self, slot: int, entries: Any, length: int) -> None:
        self.slots.put(slot, entries[:, :, :, :length])


class TorchDecoder(SlotDecoder):
    """Calls a transformers model with a cache whose layers are views of the slots, and a mask per slot."""

    def __init__(self, model: Any, shape: Shape) -> None:
        super().__init__(shape)
        self._model = model
        self._device = shape.device
        self._layers = shape.layers
        self._last = getattr(model.config, "max_position_embeddings", None) or 10**9
        self._keep = "logits_to_keep" in inspect.signature(model.forward).parameters

    def run(self, tokens: Mapping[int, Sequence[int]], *, last: bool = False) -> dict[int, Any]:
        import torch

        slots = self.slots
        span = slots.span(list(tokens))
        width = max(map(len, tokens.values()))
        slots.reserve(max(slots.lengths[slot] for slot in span) + width)
        rows = [[*tokens.get(slot, ()), *[0] * (width - len(tokens.get(slot, ())))] for slot in span]
        starts = torch.tensor([slots.lengths[slot] for slot in span], device=self._device)
        # Padding lies behind what counts: it is written over later, and nobody looks at it.
        places = starts[:, None] + torch.arange(width, device=self._device)
        seen = torch.arange(slots.positions, device=self._device) <= places[:, None, :, None]
        mask = torch.zeros(seen.shape, dtype=slots.entries.dtype, device=self._device)
        mask.masked_fill_(~seen, torch.finfo(mask.dtype).min)
        alike = len({len(part) for part in tokens.values()}) == 1
        with torch.inference_mode():
            result = self._model(
                input_ids=torch.tensor(rows, device=self._device),
                position_ids=places.clamp(max=self._last - 1),
                attention_mask=mask,
                past_key_values=_cache(slots.entries[:, :, span.start : span.stop], places),
                use_cache=True,
                **({"logits_to_keep": 1} if last and alike and self._keep else {}),
            )
        logits = {}
        for slot, part in tokens.items():
            slots.lengths[slot] += len(part)
            row = result.logits[slot - span.start][: len(part)]
            logits[slot] = row[-1:] if last else row
        return logits


class LonelyDecoder:
    """Each answer in the cache that the model makes for itself, one after the other."""

    drafts = False

    def __init__(self, model: Any) -> None:
        self._model = model
        self._caches: dict[int, Any] = {}
        known = inspect.signature(model.forward).parameters
        self._options: dict[str, Any] = {"logits_to_keep": 1} if "logits_to_keep" in known else {}
        self._cache = next(name for name in ("past_key_values", "cache_params", "state") if name in known)

    def take(self) -> int:
        slot = next(number for number in range(len(self._caches) + 1) if number not in self._caches)
        self._caches[slot] = None
        return slot

    def free(self, slot: int) -> None:
        del self._caches[slot]

    def run(self, tokens: Mapping[int, Sequence[int]], *, last: bool = False) -> dict[int, Any]:
        """As ``Decoder`` says; always the last token's logits only, since nothing is ever taken back."""
        import torch

        logits = {}
        for slot, part in tokens.items():
            given = torch.tensor([list(part)], device=self._model.device)
            with torch.inference_mode():
                options = {self._cache: self._caches[slot], **self._options}
                result = self._model(input_ids=given, use_cache=True, **options)
            self._caches[slot] = getattr(result, self._cache)
            logits[slot] = result.logits[0, -1:]
        return logits

    def rewind(self, slot: int, length: int) -> None:
        """Nothing to take back."""

    def copy(self, slot: int, length: int | None = None) -> Any:
        return None

    def put(self, slot: int, entries: Any, length: int) -> None:
        raise NotImplementedError


def _shape(model: Any) -> Shape | None:
    """What one token's entry looks like; None for models that keep something else or differ from layer to layer."""
    import torch
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    try:
        with torch.inference_mode():
            cache: Any = model(input_ids=torch.tensor([[0, 1]], device=model.device), use_cache=True).past_key_values
    except Exception:  # noqa: BLE001 - whatever a model's own code raises: it goes by its own ways then
        return None
    if not isinstance(cache, DynamicCache) or any(type(layer) is not DynamicLayer for layer in cache.layers):
        return None
    layers: list[Any] = cache.layers
    kinds = {tuple(tensor.shape) for layer in layers for tensor in (layer.keys, layer.values)}
    if len(kinds) != 1:
        return None
    _, heads, _, width = kinds.pop()
    return Shape(len(layers), heads, width, layers[0].keys.dtype, model.device)


def _agrees(decoder: Decoder, model: Any, allowed: float | None = None) -> bool:
    """Whether two answers side by side, read in parts, get the logits that the model gives each by itself.

    ``allowed``: how far they may be off, relative to the largest; None leaves room for rounding only.
    """
    import torch

    size = min(model.get_input_embeddings().weight.shape[0], 1000)
    texts = [[(step * number) % size for number in range(1, _TRIAL + 1)] for step in (7, 11)]
    slots = [decoder.take() for _ in texts]
    decoder.run({slots[0]: texts[0][:5]})
    beginning = decoder.run({slots[1]: texts[1][:_PART]}, last=True)[slots[1]]
    logits = decoder.run({slots[0]: texts[0][5:], slots[1]: texts[1][_PART:]})
    given = [torch.tensor([text], device=model.device) for text in texts]
    with torch.inference_mode():
        owns = [model(input_ids=ids).logits[0].float() for ids in given]
    near = allowed or (1e-3 if model.dtype == torch.float32 else _rounding(model, given, owns))
    agrees = True
    for slot, own in zip(slots, owns, strict=True):
        pairs = [(logits[slot], own[-logits[slot].shape[0] :])]
        if slot == slots[1]:
            pairs.append((beginning, own[_PART - 1 : _PART]))
        for found, part in pairs:
            agrees &= bool((found.float().to(part.device) - part).abs().max() <= near * part.abs().max())
        decoder.free(slot)
    return agrees


def _rounding(model: Any, texts: Sequence[Any], owns: Sequence[Any]) -> float:
    """How far logits in 16 bits may be off, relative to the largest: thrice what reading in parts makes of the model's,
    or what another way to compute the same attention does.

    That grows with the layers: 0.9 % of the largest in the shipped model, up to 6 % in random ones with 64 layers. On a
    processor that computes in 16 bits itself parts change nothing, and the other attention up to 13 %.
    """
    import torch

    found = []
    with torch.inference_mode():
        for ids, own in zip(texts, owns, strict=True):
            read = model(input_ids=ids[:, :_PART], use_cache=True).past_key_values
            rest = model(input_ids=ids[:, _PART:], past_key_values=read).logits[0].float()
            found.append(3 * float((rest - own[_PART:]).abs().max() / own.abs().max()))
        usual = model.config._attn_implementation  # noqa: SLF001 - transformers has no public question for it
        model.set_attn_implementation("eager")
        try:
            for ids, own in zip(texts, owns, strict=True):
                found.append(float((model(input_ids=ids).logits[0].float() - own).abs().max() / own.abs().max()))
        finally:
            model.set_attn_implementation(usual)
    return max(3e-2, *found)


def _cache(entries: Any, places: Any) -> Any:
    """A transformers cache that writes at ``places`` (slots, tokens) of ``entries`` and gives all of them."""
    import torch
    from transformers.cache_utils import Cache, CacheLayerMixin

    rows = torch.arange(len(places), device=places.device)[:, None]

    class Layer(CacheLayerMixin):
        def __init__(self, keys: Any, values: Any) -> None:
            super().__init__()  # type: ignore[no-untyped-call]  # transformers is half typed
            self.entries = (keys, values)

        def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
            """Nothing to do: the slots are there."""

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            for kept, fresh in zip(self.entries, (key_states, value_states), strict=True):
                kept.transpose(1, 2)[rows, places] = fresh.transpose(1, 2)
            return self.entries

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return entries.shape[4], 0

        def get_seq_length(self) -> int:
            return int(entries.shape[4])

        def get_max_length(self) -> int:
            return -1

    return Cache(layers=[Layer(keys, values) for keys, values in entries])
