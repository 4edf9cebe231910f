"""Times PyTorch's CPU operations on the shapes of `tests/benches/kernels.rs`.

    cargo bench --bench kernels > ours.txt
    python tests/oracles/bench_kernels.py --threads 2 ours.txt

Prints name and best milliseconds of several runs; with our table, also ours over PyTorch's (below 1 is
faster). Both must run on the same quiet machine. PyTorch may choose its layout: the better of NCHW and
channels-last counts.
"""

import argparse
import time

import torch
import torch.nn.functional as F


def best(work):
    """Milliseconds, as the Rust side counts them: one run unseen, then at least five and a second."""
    work()
    start, fastest, runs = time.perf_counter(), float("inf"), 0
    while runs < 5 or time.perf_counter() - start < 1:
        run = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - run)
        runs += 1
    return fastest * 1e3


def pictures(layer, channels, side, after=lambda x: x):
    times = []
    for layout in (torch.contiguous_format, torch.channels_last):
        x = torch.randn(1, channels, side, side).to(memory_format=layout)
        ours = layer.to(memory_format=layout)
        times.append(best(lambda: after(ours(x))))
    return min(times)


def lines():
    for channels, side in [(320, 64), (640, 32), (1280, 16), (512, 64), (256, 256), (128, 512)]:
        conv = torch.nn.Conv2d(channels, channels, 3, padding=1)
        yield f"conv {channels} {side}", pictures(conv, channels, side)
    for rows, inputs, outputs in [(4096, 320, 320), (4096, 320, 2560), (4096, 1280, 320), (1024, 640, 640),
                                  (2048, 2048, 2048)]:
        linear, x = torch.nn.Linear(inputs, outputs), torch.randn(rows, inputs)
        yield f"linear {rows} {inputs} {outputs}", best(lambda: linear(x))
    for heads, n, m, width in [(8, 4096, 4096, 40), (8, 1024, 1024, 80), (8, 4096, 77, 40), (8, 4096, 257, 40),
                               (1, 4096, 4096, 512)]:
        q, k, v = (torch.randn(1, heads, count, width) for count in (n, m, m))
        yield f"attention {heads} {n} {m} {width}", best(lambda: F.scaled_dot_product_attention(q, k, v))
    for channels, side in [(320, 64), (128, 512)]:
        yield f"group_norm_silu {channels} {side}", pictures(torch.nn.GroupNorm(32, channels), channels, side, F.silu)
    norm, x = torch.nn.LayerNorm(320), torch.randn(4096, 320)
    yield "layer_norm 4096 320", best(lambda: norm(x))
    x = torch.randn(4096, 2560)
    yield "geglu 4096 2560", best(lambda: x[:, :1280] * F.gelu(x[:, 1280:]))
    yield "gelu 4096 2560", best(lambda: F.gelu(x))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ours", nargs="?", help="the table that the Rust side printed")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    ours = {}
    if arguments.ours:
        with open(arguments.ours) as table:
            fields = (line.rstrip("\n").split("\t") for line in table)
            ours = {row[0]: float(row[1]) for row in fields if len(row) > 1}
    with torch.inference_mode():
        for name, ms in lines():
            ratio = f"\t{ours[name] / ms:.2f}" if name in ours else ""
            print(f"{name}\t{ms:.3f}{ratio}", flush=True)


if __name__ == "__main__":
    main()
