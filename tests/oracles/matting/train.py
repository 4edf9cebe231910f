"""Trains the network that mattes products (src/engine/matting.rs) on photos of jewels that never existed.

    python train.py LESSONS OUT.safetensors [STEPS] [FROM.safetensors]

A lesson is a file NUMBER-GROUND-SIDE.raw of bytes: eight planes of evidence (src/picture/cutout/evidence.rs) and the
true alpha, each SIDE x SIDE. Every tenth piece is kept from training to measure on. Thin and pale pieces, the hard
ones, come twice as often. Resumes from OUT.pt; FROM is a trained network to go on from, at half the rate.
"""

import pathlib
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

PLANES = 8
FAMILIES = 14
HARD = (6, 7, 8)  # Pearls, chains, tassels.
CROP = 256
BATCH = 8
WIDTHS = (16, 24, 32, 48, 48)


def convolution(into, width, stride=1):
    return nn.Conv2d(into, width, 3, stride, padding=1)


class Matting(nn.Module):
    """A U-Net that works at half the photo's size: 2 x 2 pixels become channels on the way in and out."""

    def __init__(self):
        super().__init__()
        pairs = list(zip(WIDTHS, WIDTHS[1:]))
        self.first = convolution(4 * PLANES, WIDTHS[0])
        self.halve = nn.ModuleList(convolution(fine, coarse, 2) for fine, coarse in pairs)
        self.down = nn.ModuleList(convolution(width, width) for width in WIDTHS)
        self.widen = nn.ModuleList(convolution(coarse, fine) for fine, coarse in pairs)
        self.up = nn.ModuleList(convolution(fine, fine) for fine, _ in pairs)
        self.last = convolution(WIDTHS[0], 4)

    def forward(self, planes):
        x, kept = F.silu(self.first(F.pixel_unshuffle(planes, 2))), []
        for level, down in enumerate(self.down):
            if level:
                x = F.silu(self.halve[level - 1](x))
            x = F.silu(down(x))
            kept.append(x)
        for widen, up, skip in reversed(list(zip(self.widen, self.up, kept))):
            wide = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = F.silu(up(F.silu(widen(wide)) + skip))
        return F.pixel_shuffle(self.last(x), 2)


def lessons(folder):
    train, held = [], []
    for path in sorted(pathlib.Path(folder).glob("*.raw")):
        number, _, side = (int(part) for part in path.stem.split("-"))
        side_by_side = np.memmap(path, np.uint8, "r", shape=(PLANES + 1, side, side))
        # Families take turns, so every FAMILIES numbers hold one piece of each.
        if number // FAMILIES % 10 == 9:
            held.append(side_by_side)
        else:
            train += [side_by_side] * (2 if number % FAMILIES in HARD else 1)
    return train, held


def crop(lesson, dice, size=CROP):
    _, side, _ = lesson.shape
    halve = side >= 2 * size and dice.random() < 0.3
    want = 2 * size if halve else size
    # Most crops show some of the piece.
    for _ in range(6):
        top, left = (dice.integers(0, side - want + 1) for _ in range(2))
        own = lesson[:, top : top + want, left : left + want]
        if own[PLANES].any():
            break
    own = torch.from_numpy(np.array(own)).float() / 255
    if halve:
        own = F.avg_pool2d(own[None], 2)[0]
    if dice.random() < 0.5:
        own = own.flip(2)
    if dice.random() < 0.5:
        own = own.flip(1)
    if dice.random() < 0.3:
        own = own.transpose(1, 2)
    # Colours: channels change places, both lights and grounds alike are bent by one curve.
    order = dice.permutation(3)
    own = torch.cat([own[:3][order], own[3:6][order], own[6:]])
    own = own.clone()
    own[:6] = own[:6] ** float(np.exp(dice.uniform(-0.25, 0.25)))
    if dice.random() < 0.12:
        own[6] = 0
    if dice.random() < 0.4:
        leak(own, dice)
    return own


def leak(own, dice):
    """What was followed as ground may have run into the piece: a blob where nothing seems to differ."""
    size = own.shape[1]
    field = torch.from_numpy(dice.standard_normal((1, 1, 8, 8))).float()
    field = F.interpolate(field, (size, size), mode="bicubic")[0, 0]
    blob = field > float(dice.uniform(-0.5, 1.5))
    own[6][blob] = 1
    own[7][blob] *= 0.2


def near_an_edge(alpha):
    spread = F.max_pool2d(alpha, 5, 1, 2) + F.max_pool2d(-alpha, 5, 1, 2)
    return (spread >= 0.5).float()


def loss_of(logits, alpha):
    weight = 1 + 5 * near_an_edge(alpha)
    guess = torch.sigmoid(logits)
    off = (weight * (guess - alpha).abs()).sum() / weight.sum()
    doubt = (weight * F.binary_cross_entropy_with_logits(logits, alpha, reduction="none")).sum() / weight.sum()
    both = (guess * alpha).sum((1, 2, 3))
    overlap = (2 * both + 1) / (guess.sum((1, 2, 3)) + alpha.sum((1, 2, 3)) + 1)
    return 2 * off + 0.5 * doubt + 0.5 * (1 - overlap).mean()


@torch.no_grad()
def measure(net, held):
    overlaps, bands = [], []
    for lesson in held[::3]:
        own = torch.from_numpy(np.array(lesson)).float()[None] / 255
        guess, alpha = torch.sigmoid(net(own[:, :PLANES])), own[:, PLANES:]
        guess = (guess * 255).round() / 255
        both = ((guess >= 0.5) & (alpha >= 0.5)).sum().item()
        either = ((guess >= 0.5) | (alpha >= 0.5)).sum().item()
        overlaps.append(both / max(either, 1))
        near = (near_an_edge(alpha) + ((alpha > 0) & (alpha < 1))).clamp(max=1)
        bands.append(((guess - alpha).abs() * near).sum().item() / near.sum().item())
    return np.mean(overlaps), np.min(overlaps), np.mean(bands)


def save(net, out):
    from safetensors.torch import save_file

    save_file({name: value.half().contiguous() for name, value in net.state_dict().items()}, out)


def main():
    folder, out = sys.argv[1:3]
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 6000
    torch.manual_seed(0)
    torch.set_num_threads(2)
    train, held = lessons(folder)
    net = Matting()
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-4)
    rate = 2e-3
    if len(sys.argv) > 4:
        from safetensors.torch import load_file

        net.load_state_dict(load_file(sys.argv[4]))
        rate = 1e-3
    start, state = 0, pathlib.Path(out).with_suffix(".pt")
    if state.exists():
        kept = torch.load(state, weights_only=True)
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        start = kept["step"]
    print(len(train), len(held), sum(p.numel() for p in net.parameters()), "from step", start, flush=True)
    begin, mean = time.time(), 0.0
    for step in range(start, steps):
        dice = np.random.default_rng(step)
        for group in optimiser.param_groups:
            group["lr"] = float(rate * min(1, (step + 1) / 200) * (0.5 + 0.5 * np.cos(np.pi * step / steps)) + 1e-5)
        batch = torch.stack([crop(train[dice.integers(len(train))], dice) for _ in range(BATCH)])
        batch = batch.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(batch[:, :PLANES])
        loss = loss_of(logits.float(), batch[:, PLANES:])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        mean = loss.item() if step == start else 0.98 * mean + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"{step} loss {mean:.4f} {(time.time() - begin) / (step - start + 1):.2f} s", flush=True)
        if step % 500 == 499 or step + 1 == steps:
            if held:
                print("held back: overlap %.4f worst %.3f band %.4f" % measure(net, held), flush=True)
            torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}, state)
            save(net, out)


if __name__ == "__main__":
    main()
