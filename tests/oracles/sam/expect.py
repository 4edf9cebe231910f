"""What PyTorch makes of a picture and prompts with SAM: input, prompts and expected logits for the ignored test.

    python tests/oracles/sam/expect.py mobile_sam.pt PICTURE expected.safetensors
    python tests/oracles/sam/expect.py random:vit_t PICTURE expected.safetensors model.safetensors

    python tests/oracles/sam/expect.py random:vit_t PICTURE expected.safetensors model.safetensors tanh

`random:vit_t` and `random:vit_b` make weights instead (seed 7), every tensor filled, and write them as the fourth file.
`tanh`: GELU by its approximation where candle takes that one (MobileSAM's encoder, mask decoder), to see how much of a
difference comes from it.

`mobile_sam` is ChaoningZhang/MobileSAM's own package (PyPI: mobilesam-mirror); it holds SAM's encoders as well.
"""

import sys

import numpy as np
import torch
from mobile_sam import sam_model_registry
from mobile_sam.utils.transforms import ResizeLongestSide
from PIL import Image
from safetensors.torch import save_file

SIDE = 1024


def randomised(model):
    """PyTorch's own starts are zeros and ones in places; a port that forgets those would go unseen."""
    for name, tensor in model.state_dict().items():
        if not tensor.dtype.is_floating_point:
            continue
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif tensor.ndim == 1 and name.endswith("weight"):
            tensor.normal_(1.0, 0.1)
        elif tensor.ndim == 1 or "bias" in name or "embed" in name or "rel_pos" in name:
            tensor.normal_(0.0, 0.2)
        elif "gaussian" not in name:
            tensor.normal_(0.0, (2.0 / tensor[0].numel()) ** 0.5)


def loaded(source):
    if source.startswith("random:"):
        torch.manual_seed(7)
        model = sam_model_registry[source.removeprefix("random:")]()
        randomised(model)
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, sys.argv[4])
        return model
    tensors = torch.load(source, map_location="cpu", weights_only=True)
    kind = "vit_t" if "image_encoder.patch_embed.seq.0.c.weight" in tensors else "vit_b"
    model = sam_model_registry[kind]()
    model.load_state_dict(tensors)
    return model


def approximate(model):
    parts = [model.mask_decoder]
    if hasattr(model.image_encoder, "layers"):
        parts.append(model.image_encoder)
    for module in (module for part in parts for module in part.modules()):
        if isinstance(module, torch.nn.GELU):
            module.approximate = "tanh"


@torch.no_grad()
def main() -> None:
    model = loaded(sys.argv[1]).eval()
    if "tanh" in sys.argv:
        approximate(model)
    picture = np.asarray(Image.open(sys.argv[2]).convert("RGB"))
    picture = ResizeLongestSide(SIDE).apply_image(picture)
    height, width = picture.shape[:2]
    codes = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
    include = torch.tensor([[0.5, 0.4], [0.42, 0.61]]) * torch.tensor([width, height])
    exclude = torch.tensor([[0.1, 0.9]]) * torch.tensor([width, height])
    corners = torch.tensor([[0.2, 0.15], [0.8, 0.95]]) * torch.tensor([width, height])
    points = (torch.cat([exclude, include])[None], torch.tensor([[0, 1, 1]]))
    sparse, dense = model.prompt_encoder(points=points, boxes=corners.reshape(1, 4), masks=None)
    encoded = model.image_encoder(model.preprocess(codes))
    logits, _ = model.mask_decoder(
        image_embeddings=encoded,
        image_pe=model.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=False,
    )
    print(tuple(logits.shape), logits.min().item(), logits.max().item(), logits.std().item())
    save_file({
        "look": codes[0].permute(1, 2, 0).to(torch.uint8).contiguous(),
        "include": include,
        "exclude": exclude,
        "corners": corners,
        "tokens": sparse.contiguous(),
        "logits": logits.contiguous(),
    }, sys.argv[3])


if __name__ == "__main__":
    main()
