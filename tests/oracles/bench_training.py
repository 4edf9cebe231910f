"""Times a training step of PyTorch and of ours in turn, on the same network, and prints the ratio.

    cargo bench --bench training --no-run      (names the program)
    python tests/oracles/bench_training.py --threads 2 --rounds 3 target/release/deps/training-...

Forward, backward and AdamW in f32. PyTorch may choose its layout: the better of NCHW and channels-last counts.
"""

import argparse
import os
import statistics
import subprocess
import time

import torch
from diffusers import UNet2DConditionModel

CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
BATCH = 32


def network():
    return UNet2DConditionModel(
        in_channels=4, out_channels=4, block_out_channels=[96, 192, 288], layers_per_block=2,
        down_block_types=[PLAIN, CROSS, CROSS],
        up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        cross_attention_dim=256, attention_head_dim=6, norm_num_groups=32,
    )  # fmt: skip


def theirs(layout, steps, bf16):
    net = network().to(memory_format=layout)
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    latents = torch.randn(BATCH, 4, 32, 32).to(memory_format=layout)
    noise, text = torch.randn(BATCH, 4, 32, 32), torch.randn(BATCH, 77, 256)
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = ((net(latents, torch.tensor(500), text).sample - noise) ** 2).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--bf16", action="store_true", help="PyTorch under bf16 autocast")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    env = os.environ | {"RAYON_NUM_THREADS": str(args.threads), "ADORN_BENCH_STEPS": str(args.steps)}
    print("weights", sum(weight.numel() for weight in network().parameters()))
    for _ in range(args.rounds):
        line = subprocess.run([args.program, "--bench"], env=env, capture_output=True, text=True, check=True).stdout
        ours = float(line.split()[0])
        best = min(theirs(layout, args.steps, args.bf16) for layout in (torch.contiguous_format, torch.channels_last))
        print(f"ours {line.strip()}  PyTorch {best:.3f} s  ratio {ours / best:.2f}", flush=True)


main()
