"""The same training as a user of PyTorch would write it, channels last, eager or compiled.

    python tools/benchmarks/torch_user.py NETWORKS.json

A process with PyTorch and without TensorFlow; its arguments are written by `plain_networks.py`.
"""

import contextlib
import json
import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks.contestant import Turn, serve

_IMAGES = 20_000


class PyTorch:
    """Steps of two networks on images that lie in the device's memory."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        height, width, channels = settings["example_shape"]
        images = torch.randint(0, 256, (_IMAGES, channels, height, width), dtype=torch.uint8)
        self._images = images.to(self._device, memory_format=torch.channels_last)
        generator, critic = (
            _network(settings[name]).to(self._device) for name in ("generator", "critic")
        )
        # The first pass makes weights, whose shapes were not known.
        critic(generator(self._latent()))
        for network in (generator, critic):
            network.to(memory_format=torch.channels_last)
        self._plain_critic = critic
        # A compiled network cannot be differentiated twice, as a penalty needs it.
        self._run_generator, self._run_critic = (
            (torch.compile(generator), torch.compile(critic))
            if settings["is_compiled"]
            else (generator, critic)
        )
        self._optimizers = {
            name: _optimizer(settings, network, settings[f"{name}_learning_rate"])
            for name, network in (("generator", generator), ("critic", critic))
        }
        self._precision: Callable[[], Any] = contextlib.nullcontext
        if settings["is_bfloat16"]:
            self._precision = lambda: torch.autocast(self._device.type, torch.bfloat16)

    def turn(self, steps: int) -> Turn:
        """See `Contestant`."""
        settings = self._settings
        began = time.perf_counter()
        for _ in range(steps):
            for _ in range(settings["critic_steps"]):
                self._critic_step()
            loss = self._generator_step()
        loss.item()
        seconds = time.perf_counter() - began
        return Turn(steps * settings["critic_steps"] * settings["batch_size"], steps, seconds)

    def _critic_step(self) -> None:
        settings, batch_size = self._settings, self._settings["batch_size"]
        rows = torch.randint(0, _IMAGES, (batch_size,), device=self._device)
        real = self._images[rows].float() / 127.5 - 1.0
        real = real.contiguous(memory_format=torch.channels_last)
        with self._precision():
            with torch.no_grad():
                generated = self._run_generator(self._latent())
            both = self._run_critic(torch.cat([real, generated.float()]))
            of_real, of_generated = both.float().chunk(2)
            loss = of_generated.mean() - of_real.mean()
            if settings["lipschitz"] == "gradient_penalty":
                mixing = torch.rand(batch_size, 1, 1, 1, device=self._device)
                points = (mixing * real + (1 - mixing) * generated.float()).requires_grad_()
                scores = self._plain_critic(points)
                (slopes,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
                norms = slopes.float().flatten(1).norm(2, dim=1)
                loss = loss + settings["penalty_weight"] * ((norms - 1) ** 2).mean()
        self._update("critic", loss)
        if settings["lipschitz"] == "weight_clipping":
            bound = settings["clip_value"]
            with torch.no_grad():
                for weight in self._plain_critic.parameters():
                    weight.clamp_(-bound, bound)

    def _generator_step(self) -> torch.Tensor:
        with self._precision():
            loss = -self._run_critic(self._run_generator(self._latent())).float().mean()
        self._update("generator", loss)
        return loss

    def _update(self, name: str, loss: torch.Tensor) -> None:
        optimizer = self._optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def _latent(self) -> torch.Tensor:
        size = self._settings["batch_size"], self._settings["latent_dim"]
        return torch.randn(*size, device=self._device)


def _network(layers: list[dict[str, Any]]) -> nn.Sequential:
    made: list[nn.Module] = []
    for layer in layers:
        made += _modules(layer)
    return nn.Sequential(*made)


def _modules(layer: dict[str, Any]) -> list[nn.Module]:
    """A layer of Keras as PyTorch's users have it, with padding that is the same on both sides."""
    kind, bias = layer["kind"], layer["use_bias"]
    size = layer.get("kernel_size", [0])[0]
    stride = layer.get("strides", [1])[0]
    padding = (size - 1) // 2
    made: list[nn.Module]
    if kind in ("InputLayer", "Identity"):
        made = []
    elif kind == "Dense":
        made = [nn.LazyLinear(layer["units"], bias=bias)]
    elif kind == "Conv2D":
        made = [nn.LazyConv2d(layer["filters"], size, stride, padding, bias=bias)]
    elif kind == "Conv2DTranspose":
        extra = stride - size + 2 * padding
        made = [nn.LazyConvTranspose2d(layer["filters"], size, stride, padding, extra, bias=bias)]
    elif kind in ("Reshape", "Flatten", "Cropping2D"):
        made = [_Shape(kind, layer)]
    elif kind == "UpSampling2D":
        made = [nn.Upsample(scale_factor=layer["size"][0])]
    elif kind == "BatchNormalization":
        is_map = len(layer["output_shape"]) == 3
        made = [(nn.LazyBatchNorm2d if is_map else nn.LazyBatchNorm1d)()]
    elif kind == "ReLU":
        made = [nn.ReLU()]
    elif kind == "LeakyReLU":
        made = [nn.LeakyReLU(layer["negative_slope"])]
    elif kind == "Activation":
        made = []
    else:
        raise SystemExit(f"There is no layer of PyTorch here for Keras's {kind}.")
    activation = layer.get("activation", "linear")
    if activation != "linear":
        made.append({"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[activation]())
    return made


class _Shape(nn.Module):
    """What changes a shape alone."""

    def __init__(self, kind: str, layer: dict[str, Any]) -> None:
        super().__init__()
        self._kind, self._layer = kind, layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self._kind == "Flatten":
            return x.flatten(1)
        if self._kind == "Reshape":
            height, width, channels = self._layer["output_shape"]
            shaped = x.reshape(-1, channels, height, width)
            return shaped.contiguous(memory_format=torch.channels_last)
        (top, bottom), (left, right) = self._layer["cropping"]
        return functional.pad(x, (-left, -right, -top, -bottom))


def _optimizer(settings: dict[str, Any], network: nn.Module, rate: float) -> torch.optim.Optimizer:
    if settings["optimizer"] == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), rate, settings["rho"])
    betas = settings["beta_1"], settings["beta_2"]
    return torch.optim.Adam(network.parameters(), rate, betas)


if __name__ == "__main__":
    _SETTINGS = json.loads(pathlib.Path(sys.argv[1]).read_text())
    serve(lambda: PyTorch(_SETTINGS))
