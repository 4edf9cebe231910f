"""SAM's own prompt encoder on random weights: `tests/fixtures/vision/sam_prompts.safetensors`.

    python tests/oracles/sam/prompts.py tests/fixtures/vision/sam_prompts.safetensors

PyPI's segment-anything 1.0 (Apache-2.0), PyTorch 2.15, seed 3; weights and places rounded to f16. The grid's expected
values are those of its four corner cells.
"""

import sys

import torch
from safetensors.torch import save_file
from segment_anything.modeling.prompt_encoder import PromptEncoder

torch.manual_seed(3)
encoder = PromptEncoder(256, (64, 64), (1024, 1024), 16)
KEPT = ["pe_layer", "point_embeddings", "no_mask_embed"]
state = encoder.state_dict()
for value in state.values():
    value.copy_(torch.randn_like(value).half().float())
include = torch.tensor([[512.0, 300.5], [20.0, 1023.0]])
exclude = torch.tensor([[0.0, 0.0]])
corners = torch.tensor([[100.0, 50.0], [900.0, 1000.0]])
with torch.no_grad():
    points = (torch.cat([exclude, include])[None], torch.tensor([[0, 1, 1]]))
    tokens, dense = encoder(points=points, boxes=corners.reshape(1, 4), masks=None)
    grid = encoder.get_dense_pe()
weights = {name: value.half() for name, value in state.items() if name.split(".")[0] in KEPT}
save_file({
    **weights,
    "include": include, "exclude": exclude, "corners": corners,
    "tokens": tokens.contiguous(),
    "grid": grid[0][:, [0, 0, 63, 63], [0, 63, 0, 63]].T.contiguous(),
    "no_mask": dense[0, :, 5, 7].contiguous(),
}, sys.argv[1])
print(tokens.shape, grid.shape, dense.shape)
