"""Fixtures for tests/parity: a tiny CLIP vocabulary, and prompts tokenised by transformers.

Run: python tests/oracles/tokenizer.py tests/fixtures/parity/tokenizer
Trains a byte-level BPE with CLIP's word ends on a few sentences, writes vocab.json and merges.txt, and in
prompts.json 2,000 prompts with their ids by CLIPTokenizer, before padding, and how many were cut: where the
end token pads (`end`), and where `!` does (`bang`, if different).
"""

import json
import sys
from collections import Counter
from pathlib import Path
from random import Random

from transformers import CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

OUT = Path(sys.argv[1])
OUT.mkdir(parents=True, exist_ok=True)
LENGTH = 24
MERGES = 160

CORPUS = """a photo of a woman wearing a gold earring in soft morning light on the terrace
a close portrait of a young woman with a pearl earring and short dark hair in the studio
elegant silver earrings with blue sapphire stones on a model near the window
the designer's jewellery isn't heavy they're light and we've worn them all day i'll take it
beautiful café in paris élégant bijoux naïve smile señorita
bokeh background fashion editorial high quality sharp focus 85 mm lens""".split()

symbols = bytes_to_unicode()
words = Counter()
for word in CORPUS:
    chars = [symbols[b] for b in word.encode()]
    words[tuple(chars[:-1] + [chars[-1] + "</w>"])] += 1

merges = []
for _ in range(MERGES):
    pairs = Counter()
    for word, count in words.items():
        for pair in zip(word, word[1:]):
            pairs[pair] += count
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    merges.append(best)
    merged = Counter()
    for word, count in words.items():
        new, i = [], 0
        while i < len(word):
            if word[i : i + 2] == best:
                new.append(best[0] + best[1])
                i += 2
            else:
                new.append(word[i])
                i += 1
        merged[tuple(new)] += count
    words = merged

plain = list(symbols.values())
tokens = plain + [s + "</w>" for s in plain] + [a + b for a, b in merges]
tokens = list(dict.fromkeys(tokens)) + ["<|startoftext|>", "<|endoftext|>"]
vocab = {token: i for i, token in enumerate(tokens)}
(OUT / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False) + "\n")
(OUT / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))

PARTS = [
    "a woman wearing a gold earring", "The DESIGNER'S jewellery isn't heavy", "they're, we've, I'm, I'll, she'd",
    "THEY'RE WE'VE I'M I'LL SHE'D IT'S", "85mm f/1.4, 4k 2024", "1234567890", "café élégant naïve señorita",
    "cafe\u0301 e\u0301le\u0301gant nai\u0308ve", "A\u030angstro\u0308m \u212b \u2126", "真珠の耳飾り",
    "珍珠耳环 特写", "진주 귀걸이", "\u1112\u1161\u11ab글", "жемчуг серьги", "ΣΊΣΥΦΟΣ ΟΔΥΣΣΕΎΣ", "İstanbul ısı",
    "STRASSE ẞ ß ﬁ ﬀ", "लाल बाली", "لؤلؤة قرط", "ต่างหู", "💎✨", "👩🏽‍🦰 wears 💍!!", "🇫🇷 earrings ❤️",
    "(gold:1.3), [silver], {pearl}", "...!!!???", "it's'll'd", "''s", "don''t", "rock'n'roll", "’s curly ‘quotes’",
    "snake_case kebab-case", "½ ² Ⅷ ① ٣", "tab\there\nnew\r\nline", "nbsp\u00a0em\u2003ideo\u3000end",
    "zero\u200bwidth\u200djoin\ufeff", "nul\u0000bell\u0007", "\u0085next\u2028line\u2029", "  lead and trail  ",
    "<|startoftext|> ends <|endoftext|>", "<|ENDOFTEXT|> upper", "a<|endoftext|>b", "<|endoftext", "</w> a</w>",
    "https://example.org/?q=1&b=2", "x" * 60, "!", "!!a!", "Ġ Ā ġ", "𝒢𝑜𝓁𝒹 𐐀", "\U0010ffff",
]
prompts = ["", " ", "\n\t  \u3000", *PARTS]
for i, part in enumerate(PARTS):
    prompts.append(part.upper())
    prompts.append(part + PARTS[(i * 7 + 3) % len(PARTS)])
    prompts.append(part + " , " + PARTS[(i * 11 + 5) % len(PARTS)] + "\n" + PARTS[(i * 13 + 2) % len(PARTS)])
    prompts.append(part[::-1])
    prompts.append("portrait " + part + " in the studio")
random = Random(7)
SCRIPTS = [
    (0x21, 0x7E), (0xA1, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x530, 0x58F), (0x590, 0x5F4), (0x600, 0x6FF),
    (0x900, 0x97F), (0xE00, 0xE5B), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x13A0, 0x13FF), (0x1E00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x218B), (0x2C00, 0x2D2D), (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0xA640, 0xA69D),
    (0xAC00, 0xAD00), (0xF900, 0xFAD9), (0xFB00, 0xFB4F), (0xFF01, 0xFFEE), (0x10400, 0x1044F), (0x1D400, 0x1D7FF),
    (0x1F300, 0x1FAFF), (0x2F800, 0x2FA1D), (0xE0000, 0xE007F),
]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u000b", "\u000c", "\u001c", "\u0085", "\u00a0", "\u1680", "\u180e",
          "\u2003", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff"]  # fmt: skip
MARKS = [chr(c) for c in (0x300, 0x301, 0x302, 0x307, 0x308, 0x30A, 0x323, 0x327, 0x345, 0x5B8, 0x64B, 0x93C, 0x94D,
                          0x1AB0, 0x20D0, 0x3099, 0x309A, 0xFE0F, 0x200D)]  # fmt: skip
EMOJI = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "👨🏿‍💻", "🧜🏽‍♀️", "🇯🇵", "1️⃣", "☺️", "☺", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👁️‍🗨️", "💍", "✨", "❤️‍🔥"]
ENDINGS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'x", "''", "’s", "'ss", "'re've"]
SPECIAL = ["<|endoftext|>", "<|startoftext|>", "<|EndOfText|>", "<|endoftext|", "|endoftext|>", "</w>", "<w>", "!"]
CONTROL = [chr(c) for c in (0, 1, 7, 8, 0x1B, 0x7F, 0x80, 0x9F, 0xAD, 0x200B, 0x200E, 0x202E, 0xFFF9, 0xFFFD, 0xE000)]


def letters():
    low, high = random.choice(SCRIPTS)
    word = "".join(chr(random.randint(low, high)) for _ in range(random.randint(1, 6)))
    return random.choice([str.lower, str.upper, str.title, str])(word)


def marked():
    return "".join(c + random.choice(MARKS) * random.randint(0, 2) for c in random.choice([letters(), "aeiouAEIOU"]))


def number():
    return random.choice(["%d", "%.2f", "%e", "0x%x"]) % random.randint(0, 10**9)


PIECES = [
    letters, letters, marked, number, lambda: random.choice(PARTS), lambda: random.choice(EMOJI),
    lambda: random.choice(CORPUS) + random.choice(ENDINGS), lambda: random.choice(SPECIAL),
    lambda: random.choice(CONTROL), lambda: random.choice(CORPUS).title(), lambda: random.choice("!?.,:;()[]{}#'\"-_*"),
]  # fmt: skip
prompts += ["jewel " * 100, "💎" * 40, "a" * 5000, "!" * 90, "<|endoftext|>" * 30, "'s" * 50, "\u0301" * 60]
while len(dict.fromkeys(prompts)) < 2000:
    pieces = [random.choice(PIECES)() for _ in range(random.choice([1, 1, 2, 2, 3, 4, 7]))]
    joints = [random.choice(["", " ", random.choice(SPACES)]) for _ in pieces]
    prompts.append("".join(a + b for a, b in zip(joints, pieces)) + random.choice(["", "", random.choice(SPACES)]))
prompts = list(dict.fromkeys(prompts))


def ids(pad):
    """Each prompt's ids up to and with the end, as many as fit, and how many did not."""
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, pad_token=pad)
    whole = tokenizer(prompts)["input_ids"]
    fit = tokenizer(prompts, padding="max_length", truncation=True, max_length=LENGTH)["input_ids"]
    assert len(tokenizer) == len(vocab)
    for long, short in zip(whole, fit):
        kept = min(len(long), LENGTH)
        assert short == (long if kept == len(long) else long[: LENGTH - 1] + long[-1:]) + [vocab[pad]] * (LENGTH - kept)
    return [[row[:LENGTH] if len(row) <= LENGTH else row[: LENGTH - 1] + row[-1:], max(0, len(row) - LENGTH)]
            for row in whole]  # fmt: skip


# With `!` for padding, ids differ where a prompt holds one.
rows = [dict(text=t, end=e) | (dict(bang=b) if b != e else {}) for t, e, b in zip(prompts, ids("<|endoftext|>"), ids("!"))]
lines = ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=True) for row in rows)
(OUT / "prompts.json").write_text(f"[\n{lines}\n]\n")
print(len(rows), "prompts,", len(vocab), "tokens")
