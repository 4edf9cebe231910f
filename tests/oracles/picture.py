"""Expected tensors of one whole picture for tests/parity: 30 steps, guidance 7, pose and face, decoded.

Run: python tests/oracles/picture.py tests/fixtures/parity
The bundle is structurally complete and tiny. Its files' texts, its tensors' names and the prompts travel in
the fixture's metadata, so that the test writes the same folder and paints through the real engine.
"""

import json
import sys
import tempfile
from pathlib import Path

import torch
from bundle import Bundle, Painter
from diffusers import AutoencoderKL, UNet2DConditionModel
from made import fill, uniform
from multi_branch import MultiBranch
from networks import CROSS, on_disk, shapes
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, Dinov2Config, Dinov2Model

OUT = Path(sys.argv[1])
WIDTH, HEIGHT, SEED, STEPS, GUIDANCE, GAMMA = 64, 96, 42, 30, 7.0, 400.0
PROMPT, NEGATIVE = "A beautiful woman wears gold earrings, best quality, 💎", "blurry, isn't in focus"

TEXT = dict(model_type="clip_text_model", vocab_size=674, hidden_size=24, intermediate_size=48,
            num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=77, hidden_act="quick_gelu",
            bos_token_id=672, eos_token_id=673)  # fmt: skip
IMAGE = dict(model_type="dinov2", hidden_size=24, num_hidden_layers=2, num_attention_heads=4, image_size=518,
             patch_size=14)  # fmt: skip
NET = dict(in_channels=4, block_out_channels=[16, 32, 32], down_block_types=[CROSS, CROSS, "DownBlock2D"],
           layers_per_block=1, cross_attention_dim=24, attention_head_dim=4, norm_num_groups=8)  # fmt: skip
UNET = NET | dict(out_channels=4, up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"])
CONTROL = NET | dict(conditioning_channels=4, conditioning_embedding_out_channels=[8, 8, 16, 16],
                     adorn_branches=["pose", "appearance"])  # fmt: skip
VAE = dict(block_out_channels=[8, 8, 16, 16], down_block_types=["DownEncoderBlock2D"] * 4, norm_num_groups=4,
           up_block_types=["UpDecoderBlock2D"] * 4, layers_per_block=1, latent_channels=4)  # fmt: skip
SCHEDULER = dict(_class_name="DDIMScheduler", num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012,
                 beta_schedule="scaled_linear", steps_offset=1, set_alpha_to_one=False, clip_sample=False,
                 timestep_spacing="leading", prediction_type="epsilon")  # fmt: skip


def parts():
    """Config and tensors of each weight file."""
    control = shapes(MultiBranch(CONTROL, IMAGE["hidden_size"], CONTROL["adorn_branches"]))
    return {
        "text_encoder/model": (TEXT, on_disk(CLIPTextModel(CLIPTextConfig(**TEXT)))),
        "image_encoder/model": (IMAGE, on_disk(Dinov2Model(Dinov2Config(**IMAGE)))),
        "unet/diffusion_pytorch_model": (UNET, shapes(UNet2DConditionModel(**UNET))),
        "controlnet/diffusion_pytorch_model": (CONTROL, {k.removeprefix("net."): v for k, v in control.items()}),
        "vae/diffusion_pytorch_model": (VAE, shapes(AutoencoderKL(**VAE))),
    }


def write(folder):
    """The bundle; what the test needs to write it again."""
    texts, names = {"scheduler/scheduler_config.json": json.dumps(SCHEDULER)}, {}
    for path, (config, tensors) in parts().items():
        texts[f"{path.split('/')[0]}/config.json"] = json.dumps(config)
        names[path] = [[name, list(shape)] for name, shape in tensors.items()]
        (folder / path).parent.mkdir(parents=True)
        save_file(fill(tensors, f"picture/{path}"), folder / f"{path}.safetensors", metadata={"format": "pt"})
    for name in ["vocab.json", "merges.txt"]:
        (folder / "tokenizer").mkdir(exist_ok=True)
        (folder / "tokenizer" / name).write_text((OUT / "tokenizer" / name).read_text())
    for path, text in texts.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return dict(texts=texts, weights=names)


def inputs():
    """Hint, pose image, appearance image: noise, but for a band as the scale map is one."""
    unit = lambda name, *shape: uniform(f"picture/{name}", (1, *shape)) * 0.5 + 0.5
    hint = unit("hint", 4, HEIGHT, WIDTH)
    hint[:, 3] = 0
    hint[:, 3, HEIGHT // 4 : HEIGHT // 2] = 1
    return hint, unit("pose", 3, 224, 224), unit("appearance", 3, 224, 224)


def paint(bundle, face):
    """Every tensor of the trace that is computed."""
    hint, pose_image, appearance_image = inputs()
    text = bundle.text_tokens([NEGATIVE, PROMPT])
    dino = bundle.image_tokens(torch.cat([pose_image, appearance_image]))
    painter = Painter(bundle, hint, text, None, None, GUIDANCE, GAMMA)
    painter.pose = painter.control_net.project("pose", dino[:1])
    painter.scheduler.set_timesteps(STEPS)
    noise = torch.randn(1, 4, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(SEED))
    made = dict(text_tokens=text, pose_tokens=painter.pose, noise=noise)
    if face:
        made["appearance_tokens"] = painter.appearance = painter.control_net.project("appearance", dino[1:])
    x, made["timesteps"] = noise, painter.scheduler.timesteps.float()
    for i, t in enumerate(painter.scheduler.timesteps.tolist()):
        x = painter.step(x, t)
        made[f"latents.{i + 1}"] = x
    return made | dict(decoded=bundle.decode(x))


if __name__ == "__main__":
    tensors = {}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        said = write(Path(folder))
        for label, face in [("face", True), ("no face", False)]:
            made = paint(Bundle(folder), face)
            for name, value in made.items():
                # Tokens and noise are the same without a face.
                if face or name.startswith("latents.30") or name == "decoded":
                    tensors[f"{label}/{name}"] = value.contiguous().clone()
            for name in ["text_tokens", "pose_tokens", "latents.1", "latents.30", "decoded"]:
                print(label, name, "std", made[name].std().item(), "largest", made[name].abs().max().item())
    said |= dict(width=WIDTH, height=HEIGHT, seed=SEED, steps=STEPS, guidance=GUIDANCE, gamma=GAMMA,
                 prompt=PROMPT, negative=NEGATIVE)  # fmt: skip
    path = OUT / "picture.safetensors"
    save_file(tensors, path, metadata={"picture": json.dumps(said, separators=(",", ":"))})
    print(path, path.stat().st_size, "bytes")
