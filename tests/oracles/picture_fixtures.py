"""Makes the odd files under tests/fixtures/picture/ that Rust encoders here cannot write.

    python3 -m venv venv && venv/bin/pip install pillow==13.0.0 && venv/bin/python tests/oracles/picture_fixtures.py
"""

from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "picture"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    Image.new("CMYK", (8, 8), (10, 200, 30, 0)).save(FOLDER / "cmyk.jpg")
    frames = [Image.new("RGBA", (8, 8), colour) for colour in ((255, 0, 0, 255), (0, 0, 255, 255))]
    frames[0].save(FOLDER / "animated.webp", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    red_and_blue = Image.new("RGB", (24, 16), (220, 40, 40))
    red_and_blue.paste((30, 40, 210), (12, 0, 24, 16))
    red_and_blue.save(FOLDER / "progressive.jpg", progressive=True, quality=90)


if __name__ == "__main__":
    main()
