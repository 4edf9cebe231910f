"""Makes tests/fixtures/picture/pillow_*.png: Pillow's own bicubic, which src/picture/resize.rs must equal.

    python3 -m venv venv && venv/bin/pip install pillow==13.0.0 numpy && venv/bin/python tests/oracles/pillow_resize.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "picture"


def main() -> None:
    random = np.random.default_rng(7)
    coarse = random.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    picture = np.kron(coarse, np.ones((8, 6, 1), dtype=np.uint8))
    noise = random.integers(-20, 21, picture.shape)
    picture = Image.fromarray(np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8))
    picture.save(FOLDER / "pillow_source.png", optimize=True)
    for size in ((21, 34), (90, 75)):
        picture.resize(size, Image.BICUBIC).save(FOLDER / f"pillow_{size[0]}x{size[1]}.png", optimize=True)


if __name__ == "__main__":
    main()
