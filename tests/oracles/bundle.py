"""A bundle folder in PyTorch, read by the contract alone: diffusers and transformers load what is theirs,
multi_branch.py the ControlNet. One network is in memory at a time, except the two that paint together."""

import json
import tomllib
from pathlib import Path

import torch
import transformers
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from multi_branch import MultiBranch, alpha
from safetensors.torch import load_file
from transformers import CLIPTextModel, CLIPTokenizer, Dinov2Model

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def weights(folder, stem):
    """A folder's tensors: one file, or the parts that its index names."""
    index = folder / f"{stem}.safetensors.index.json"
    if not index.exists():
        return load_file(folder / f"{stem}.safetensors")
    parts = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    return {key: value for part in parts for key, value in load_file(folder / part).items()}


class Bundle:
    def __init__(self, folder):
        self.folder = Path(folder)
        manifest = self.folder / "bundle.toml"
        self.manifest = tomllib.loads(manifest.read_text()) if manifest.exists() else {}
        self.defaults = dict(steps=30, guidance=7.0, gamma=400.0) | self.manifest.get("defaults", {})
        self.drops_appearance = "appearance" in self.manifest.get("guidance", {}).get("drop", [])

    def text_tokens(self, prompts):
        """T_t, `[prompts, 77, d]`."""
        tokenizer = CLIPTokenizer.from_pretrained(self.folder / "tokenizer")
        net = CLIPTextModel.from_pretrained(self.folder / "text_encoder", dtype=torch.float32).eval()
        length = net.config.max_position_embeddings
        rows = tokenizer(prompts, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
        return net(rows.input_ids).last_hidden_state

    def image_tokens(self, pictures):
        """DINOv2's tokens of `[b, 3, 224, 224]` in 0..1."""
        net = Dinov2Model.from_pretrained(self.folder / "image_encoder", dtype=torch.float32).eval()
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        return net((pictures - mean[:, None, None]) / deviation[:, None, None]).last_hidden_state

    def control_net(self):
        folder = self.folder / "controlnet"
        config = json.loads((folder / "config.json").read_text())
        tensors = weights(folder, "diffusion_pytorch_model")
        found = [branch for branch in ("pose", "appearance") if f"{branch}_proj.weight" in tensors]
        image = json.loads((self.folder / "image_encoder" / "config.json").read_text()).get("hidden_size", 768)
        with torch.device("meta"):
            net = MultiBranch(config, image, config.get("adorn_branches", found))
        net.net.load_state_dict(tensors, strict=True, assign=True)
        return net.float().eval()

    def unet(self):
        """Built without numbers and given the mapped file's: never twice in memory."""
        folder = self.folder / "unet"
        with torch.device("meta"):
            net = UNet2DConditionModel.from_config(json.loads((folder / "config.json").read_text()))
        net.load_state_dict(weights(folder, "diffusion_pytorch_model"), strict=True, assign=True)
        return net.float().eval()

    def scheduler(self):
        return DDIMScheduler.from_pretrained(self.folder / "scheduler")

    def decode(self, latents):
        """The denoiser's latents to pixels in -1..1."""
        vae = AutoencoderKL.from_pretrained(self.folder / "vae", torch_dtype=torch.float32).eval()
        return vae.decode(latents / vae.config.scaling_factor).sample


class Painter:
    """METHOD 7: the ControlNet and the denoiser, one step at a time. `appearance` may be none."""

    def __init__(self, bundle, hint, text, pose, appearance, guidance, gamma, strength=1.0, control=1.0):
        self.bundle, self.unet, self.control_net = bundle, bundle.unet(), bundle.control_net()
        self.hint, self.text, self.pose, self.appearance = hint, text, pose, appearance
        self.guidance, self.gamma, self.strength, self.control = guidance, gamma, strength, control
        self.scheduler = bundle.scheduler()

    def residuals(self, x, t, text, appearance):
        weight = alpha(t, self.gamma) * self.strength
        return self.control_net(x, t, self.hint, text, self.pose, appearance, weight, self.control)

    def noise(self, x, t):
        """The guided prediction for `x` `[1, 4, h, w]`."""
        if self.guidance == 1:
            return self.predicted(x, t, self.text[1:], self.residuals(x, t, self.text[1:], self.appearance))
        both = x.expand(2, -1, -1, -1)
        if self.bundle.drops_appearance and self.appearance is not None:
            halves = [self.residuals(x, t, self.text[:1], None), self.residuals(x, t, self.text[1:], self.appearance)]
            made = [torch.cat(pair) for pair in zip(*halves)]
        else:
            made = self.residuals(both, t, self.text, self.appearance)
        without, with_ = self.predicted(both, t, self.text, made).chunk(2)
        return without + self.guidance * (with_ - without)

    def predicted(self, x, t, text, residuals):
        *down, middle = residuals
        return self.unet(x, torch.tensor(t), text, down_block_additional_residuals=tuple(down),
                         mid_block_additional_residual=middle).sample  # fmt: skip

    def step(self, x, t):
        return self.scheduler.step(self.noise(x, t), t, x, eta=0.0).prev_sample
