"""A narrow ISNet with random weights, an input and what PyTorch makes of it: `tests/fixtures/vision/tiny_isnet.safetensors`.

    python tests/oracles/isnet/tiny.py tests/fixtures/vision/tiny_isnet.safetensors

Written from the paper's drawing, like the program's own, but layer by layer in PyTorch; seed 5, f32, weights rounded to
f16. `convert.py`'s real weights through ONNX Runtime are the other check (`expect.py`).
"""

import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

MID, OUT = 2, 3
torch.manual_seed(5)
weights: dict[str, torch.Tensor] = {}


def conv(name, x, out, dilation=1, stride=1):
    if f"{name}.weight" not in weights:
        scale = (2 / (x.shape[1] * 9)) ** 0.5
        weights[f"{name}.weight"] = (torch.randn(out, x.shape[1], 3, 3) * scale).half()
        weights[f"{name}.bias"] = (torch.randn(out) * 0.2).half()
    weight, bias = weights[f"{name}.weight"].float(), weights[f"{name}.bias"].float()
    return F.conv2d(x, weight, bias, stride=stride, padding=dilation, dilation=dilation)


def up(x, like):
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


def pool(x):
    return F.max_pool2d(x, 2, stride=2, ceil_mode=True)


def halving(stage, x, depth):
    def cbr(name, x, out, dilation=1):
        return F.relu(conv(f"{stage}.rebnconv{name}", x, out, dilation))

    start = cbr("in", x, OUT)
    levels = [cbr("1", start, MID)]
    for level in range(2, depth):
        levels.append(cbr(str(level), pool(levels[-1]), MID))
    x = cbr(str(depth), levels[-1], MID, 2)
    x = cbr(f"{depth - 1}d", torch.cat((x, levels[-1]), 1), MID)
    for level in range(depth - 2, 0, -1):
        twin = levels[level - 1]
        x = cbr(f"{level}d", torch.cat((up(x, twin), twin), 1), OUT if level == 1 else MID)
    return x + start


def dilated(stage, x):
    def cbr(name, x, out, dilation):
        return F.relu(conv(f"{stage}.rebnconv{name}", x, out, dilation))

    start = cbr("in", x, OUT, 1)
    one = cbr("1", start, MID, 1)
    two = cbr("2", one, MID, 2)
    three = cbr("3", two, MID, 4)
    four = cbr("4", three, MID, 8)
    x = cbr("3d", torch.cat((four, three), 1), MID, 4)
    x = cbr("2d", torch.cat((x, two), 1), MID, 2)
    return cbr("1d", torch.cat((x, one), 1), OUT, 1) + start


def isnet(x):
    size = x
    one = halving("stage1", conv("conv_in", x, OUT, stride=2), 7)
    two = halving("stage2", pool(one), 6)
    three = halving("stage3", pool(two), 5)
    four = halving("stage4", pool(three), 4)
    five = dilated("stage5", pool(four))
    six = dilated("stage6", pool(five))
    x = dilated("stage5d", torch.cat((up(six, five), five), 1))
    x = halving("stage4d", torch.cat((up(x, four), four), 1), 4)
    x = halving("stage3d", torch.cat((up(x, three), three), 1), 5)
    x = halving("stage2d", torch.cat((up(x, two), two), 1), 6)
    x = halving("stage1d", torch.cat((up(x, one), one), 1), 7)
    return torch.sigmoid(up(conv("side1", x, 1), size))


picture = torch.rand(1, 3, 76, 58) - 0.5
seen = isnet(picture)
print(seen.min().item(), seen.max().item(), seen.std().item())
save_file({**weights, "input": picture, "expected": seen}, sys.argv[1])
