"""60 small pictures, 50 and more faces, for the parity test, from the CC0 portraits of faker-js/assets-person-portrait.

    python tests/oracles/face_api/pictures.py PORTRAITS tests/fixtures/vision/faces

Every third portrait, cut to a window that changes from picture to picture (square, wide, tall; some cut through a
face) and shrunk to 100..120 pixels: lossless WebP, so that both programs see the same pixels.
"""

import random
import sys
from pathlib import Path

from PIL import Image


def picture(source: Image.Image, dice: random.Random) -> Image.Image:
    side = source.width
    width, height = dice.choice([(1.0, 1.0), (1.0, 0.8), (0.8, 1.0), (0.7, 0.9), (0.9, 0.6)])
    left, top = dice.uniform(0, 1 - width) * side, dice.uniform(0, (1 - height) * 0.5) * side
    window = (left, top, left + width * side, top + height * side)
    longest = dice.randint(100, 120)
    scale = longest / (max(width, height) * side)
    size = (round(width * side * scale), round(height * side * scale))
    return source.resize(size, Image.Resampling.BOX, box=window)


def main() -> None:
    portraits, out = Path(sys.argv[1]), Path(sys.argv[2])
    dice = random.Random(7)
    chosen = [(kind, index) for kind in ("female", "male") for index in range(0, 90, 3)]
    total = 0
    for kind, index in chosen:
        source = Image.open(portraits / kind / f"{index}.jpg").convert("RGB")
        file = out / f"{kind}_{index:02}.webp"
        picture(source, dice).save(file, lossless=True, quality=100, method=6)
        total += file.stat().st_size
    print(len(chosen), "pictures,", total, "bytes")


main()
