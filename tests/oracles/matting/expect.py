"""What PyTorch says of made-up evidence, for the shipped weights: tests/fixtures/matting/expected.safetensors.

    python expect.py ../../../assets/vision/matting.safetensors ../../fixtures/matting/expected.safetensors
"""

import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from train import PLANES, Matting

WIDTH, HEIGHT = 50, 70
FOLLOWED = 6


def main():
    net = Matting()
    net.load_state_dict({name: value.float() for name, value in load_file(sys.argv[1]).items()})
    ramp = torch.arange(PLANES * HEIGHT * WIDTH, dtype=torch.float64)
    evidence = (torch.sin(ramp * 0.37) * torch.sin(ramp * 0.0021) / 2 + 0.5).float()
    evidence = evidence.reshape(1, PLANES, HEIGHT, WIDTH)
    evidence[:, FOLLOWED] = 0  # Where ground is followed everywhere the network sees no product.
    padded = F.pad(evidence, (0, -WIDTH % 32, 0, -HEIGHT % 32), mode="replicate")
    with torch.no_grad():
        alpha = torch.sigmoid(net(padded))[0, 0, :HEIGHT, :WIDTH]
    print(alpha.min().item(), alpha.mean().item(), alpha.max().item())
    save_file({"alpha": alpha.half().contiguous()}, sys.argv[2])


main()
