"""MobileSAM or SAM ViT-B as PyTorch wrote it -> safetensors for `adorn`'s cut-out. Names and numbers stay as they were.

    python tests/oracles/sam/convert.py mobile_sam.pt mobile_sam.safetensors
    python tests/oracles/sam/convert.py sam_vit_b_01ec64.pth sam_vit_b.safetensors

`weights_only`: nothing of the file is run.
"""

import sys

import torch
from safetensors.torch import save_file

MARKS = ["image_encoder.patch_embed.seq.0.c.weight", "image_encoder.patch_embed.proj.weight"]

tensors = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
assert any(mark in tensors for mark in MARKS), "neither MobileSAM nor SAM"
save_file({name: value.contiguous() for name, value in tensors.items()}, sys.argv[2])
print(len(tensors), "tensors")
