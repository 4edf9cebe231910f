"""tests/fixtures/engine/adapters/: LoRAs and textual inversions, applied by diffusers to tiny random networks.

Run: python tests/oracles/adapters.py tests/fixtures/engine/adapters
`base.safetensors` holds the networks (`unet.`, `text.`), the inputs and what they give without anything;
`expected.safetensors` what they give under each of the other files. diffusers' `load_lora_weights` (PEFT) and
`load_textual_inversion` do the work; on the text encoder the product is added by hand, because this diffusers
looks for `text_model.` in names that transformers 5 no longer has, and then leaves the layers as they are.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

OUT = Path(sys.argv[1])
TOKENIZER = Path(__file__).parent.parent / "fixtures" / "parity" / "tokenizer"
UNET = dict(
    in_channels=4, out_channels=4, block_out_channels=[8, 16], layers_per_block=1, cross_attention_dim=12,
    down_block_types=["CrossAttnDownBlock2D", "DownBlock2D"], up_block_types=["UpBlock2D", "CrossAttnUpBlock2D"],
    attention_head_dim=2, norm_num_groups=4,
)  # fmt: skip
TEXT = dict(
    vocab_size=674, hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3,
    max_position_embeddings=77, hidden_act="quick_gelu", bos_token_id=672, eos_token_id=673, pad_token_id=673,
)  # fmt: skip


def shaken(net):
    with torch.no_grad():
        for parameter in net.parameters():
            spread = 0.2 if parameter.ndim == 1 else 0.5 / parameter[0].numel() ** 0.5
            parameter.add_(torch.randn_like(parameter) * spread)
    return net.eval()


torch.manual_seed(11)
OUT.mkdir(parents=True, exist_ok=True)
STATE = (shaken(UNet2DConditionModel(**UNET)).state_dict(), shaken(CLIPTextModel(CLIPTextConfig(**TEXT))).state_dict())
LATENTS, TOKENS = torch.randn(1, 4, 8, 8), torch.randn(1, 7, 12)


def fresh():
    unet, text = UNet2DConditionModel(**UNET), CLIPTextModel(CLIPTextConfig(**TEXT))
    unet.load_state_dict(STATE[0])
    text.load_state_dict(STATE[1])
    tokenizer = CLIPTokenizer(str(TOKENIZER / "vocab.json"), str(TOKENIZER / "merges.txt"))
    return StableDiffusionPipeline(
        vae=None, text_encoder=text.eval(), tokenizer=tokenizer, unet=unet.eval(), scheduler=DDIMScheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def outputs(pipe):
    with torch.no_grad():
        ids = torch.tensor([[672, 17, 4, 59, 120, 673]])
        return {
            "unet": pipe.unet(LATENTS, torch.tensor(501), TOKENS).sample,
            "text": pipe.text_encoder(ids).last_hidden_state,
        }


def add_to_text(net, weights, strength):
    modules = {f"text_model.{name.removeprefix('text_model.')}": module for name, module in net.named_modules()}
    for name, module in modules.items():
        flat, dotted = f"lora_te_{name.replace('.', '_')}", f"text_encoder.{name}"
        down = weights.get(f"{flat}.lora_down.weight", weights.get(f"{dotted}.lora_A.weight"))
        up = weights.get(f"{flat}.lora_up.weight", weights.get(f"{dotted}.lora_B.weight"))
        if down is None:
            continue
        scale = float(weights.get(f"{flat}.alpha", down.shape[0])) / down.shape[0]
        with torch.no_grad():
            module.weight += strength * scale * up.float() @ down.float()


def thin(rows, columns, rank, kernel=None):
    """Down and up of a layer, large enough to be felt."""
    down = torch.randn(rank, columns, *(kernel or [])) / (columns * 9 if kernel else columns) ** 0.5
    up = torch.randn(rows, rank, *([1, 1] if kernel else [])) / rank**0.5
    return down, up


def layers(net, wanted):
    return [(name, module) for name, module in net.named_modules() if any(part in name for part in wanted)
            and isinstance(module, (torch.nn.Linear, torch.nn.Conv2d))]  # fmt: skip


def pairs(net, wanted, rank):
    for name, module in layers(net, wanted):
        kernel = list(module.weight.shape[2:]) or None
        yield name, thin(module.weight.shape[0], module.weight.shape[1], rank, kernel)


ATTENTION = ["attn1.to", "attn2.to", "proj_in", "ff.net"]
CONVS = ["resnets.0.conv1", "downsamplers", "conv_shortcut", "time_emb_proj"]
base = fresh()
saved = {f"unet.{name}": tensor for name, tensor in STATE[0].items()}
saved |= {f"text.text_model.{name.removeprefix('text_model.')}": tensor for name, tensor in STATE[1].items() if "position_ids" not in name}  # fmt: skip
saved |= {"latents": LATENTS, "tokens": TOKENS}
saved |= {f"expected.{name}": tensor for name, tensor in outputs(base).items()}
notes = {"unet": json.dumps(UNET), "text": json.dumps(TEXT)}
save_file({name: tensor.detach().clone().contiguous() for name, tensor in saved.items()}, OUT / "base.safetensors", metadata=notes)

kohya = {}
for name, (down, up) in pairs(base.unet, ATTENTION + CONVS, 2):
    flat = f"lora_unet_{name.replace('.', '_')}"
    kohya |= {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up, f"{flat}.alpha": torch.tensor(1.0)}
for name, (down, up) in pairs(base.text_encoder, ["self_attn", "mlp"], 3):
    name = name if name.startswith("text_model.") else f"text_model.{name}"
    flat = f"lora_te_{name.replace('.', '_')}"
    kohya |= {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up, f"{flat}.alpha": torch.tensor(2.0)}
save_file({name: tensor.half() for name, tensor in kohya.items()}, OUT / "kohya.safetensors")

peft = {}
for name, (down, up) in pairs(base.unet, ["attn2.to", "proj_out"], 4):
    peft |= {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
for name, (down, up) in pairs(base.text_encoder, ["q_proj", "v_proj"], 2):
    name = name if name.startswith("text_model.") else f"text_model.{name}"
    peft |= {f"text_encoder.{name}.lora_A.weight": down, f"text_encoder.{name}.lora_B.weight": up}
save_file(peft, OUT / "peft.safetensors")

old = {}
for name, (down, up) in pairs(base.unet, ["attn1.to_q", "attn1.to_out"], 2):
    way = name.replace(".to_out.0", ".processor.to_out_lora").replace(".to_q", ".processor.to_q_lora")
    old |= {f"unet.{way}.down.weight": down, f"unet.{way}.up.weight": up}
save_file(old, OUT / "processor.safetensors")

expected = {}
for key, files in {
    "kohya": [("kohya", 0.8)], "peft": [("peft", 1.0)], "processor": [("processor", -0.5)],
    "both": [("kohya", 0.6), ("peft", 1.3)],
}.items():  # fmt: skip
    pipe = fresh()
    for file, strength in files:
        weights = load_file(OUT / f"{file}.safetensors")
        of_text = {name: tensor for name, tensor in weights.items() if "text_model" in name}
        pipe.load_lora_weights({k: v for k, v in weights.items() if k not in of_text}, adapter_name=file)
        add_to_text(pipe.text_encoder, of_text, strength)
    pipe.set_adapters([file for file, _ in files], [strength for _, strength in files])
    expected |= {f"{key}.{name}": tensor for name, tensor in outputs(pipe).items()}
    assert not torch.allclose(expected[f"{key}.unet"], saved["expected.unet"], rtol=0.05), key

vectors = torch.randn(3, 12)
save_file({"emb_params": vectors}, OUT / "web.safetensors", metadata={"name": "web"})
save_file({"<shiny>": torch.randn(12)}, OUT / "single.safetensors")
prompts = ["a web of rings, web best", "an earring <shiny>, web, <Shiny>gold"]
pipe = fresh()
single = load_file(OUT / "single.safetensors")
pipe.load_textual_inversion({"emb_params": vectors}, token="web")
pipe.load_textual_inversion(single, token="<shiny>")
for i, prompt in enumerate(prompts):
    converted = pipe.maybe_convert_prompt(prompt, pipe.tokenizer)
    ids = pipe.tokenizer(converted, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        expected[f"inversion.{i}"] = pipe.text_encoder(ids).last_hidden_state
    expected[f"inversion_ids.{i}"] = ids.float()
    print(converted, ids[0, :24].tolist())
expected = {name: tensor.detach().clone().contiguous() for name, tensor in expected.items()}
save_file(expected, OUT / "expected.safetensors", metadata={"prompts": json.dumps(prompts)})
for file in sorted(OUT.iterdir()):
    print(file.name, file.stat().st_size)
