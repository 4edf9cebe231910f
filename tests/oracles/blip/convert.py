"""BLIP's captioning model as PyTorch wrote it -> model.safetensors for `adorn prepare --captioner`.

    python tests/oracles/blip/convert.py FOLDER

FOLDER is a copy of `Salesforce/blip-image-captioning-base` or `-large` (BSD 3-clause) from Hugging Face: `config.json`,
`tokenizer.json` and `pytorch_model.bin`. Names and numbers stay as they were. `weights_only`: nothing of the file is run.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

folder = Path(sys.argv[1])
tensors = torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
assert "text_decoder.cls.predictions.bias" in tensors, "no captioning model of BLIP's"
# Numbers that two names share are stored twice.
save_file({name: value.clone().contiguous() for name, value in tensors.items()}, folder / "model.safetensors")
print(len(tensors), "tensors")
