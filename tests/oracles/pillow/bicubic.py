"""Writes what Pillow's bicubic filter makes of a picture with everything from smooth ramps to pixel noise.

Needs numpy and Pillow. Run in tests/fixtures/control:  python ../../oracles/pillow/bicubic.py
"""

import numpy as np
from PIL import Image

WIDTH, HEIGHT, SIDE = 320, 280, 224
rng = np.random.default_rng(11)
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
picture = np.stack([255 * x / WIDTH, 127 + 127 * np.sin(x * y / 900), 255 * ((x // 8 + y // 8) % 2)], -1)
picture[200:, 240:] = rng.integers(0, 256, (80, 80, 3))
source = Image.fromarray(picture.astype(np.uint8))
source.save("bicubic_source.png")

# The largest centred square, and a fractional crop that is enlarged.
source.resize((SIDE, SIDE), Image.BICUBIC, box=(20, 0, 300, 280)).save("bicubic_centred.png")
source.resize((SIDE, SIDE), Image.BICUBIC, box=(190.25, 150.5, 290.25, 250.5)).save("bicubic_crop.png")
