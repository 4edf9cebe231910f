"""Fixtures for tests/tokenizer_parity.rs: a tiny CLIP vocabulary, and prompts tokenised by transformers.

Run: python tests/oracles/tokenizer.py tests/fixtures/engine/tokenizer
Trains a byte-level BPE with CLIP's word ends on a few sentences, writes vocab.json and merges.txt, and in
prompts.json each prompt's ids by CLIPTokenizer, padded with the end token (`end`) and with `!` (`bang`).
"""

import json
import sys
from collections import Counter
from pathlib import Path

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
prompts = list(dict.fromkeys(prompts))


def ids(pad):
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, pad_token=pad)
    whole = tokenizer(prompts)["input_ids"]
    fit = tokenizer(prompts, padding="max_length", truncation=True, max_length=LENGTH)["input_ids"]
    assert len(tokenizer) == len(vocab)
    return [{"ids": b, "cut": max(0, len(a) - LENGTH)} for a, b in zip(whole, fit)]


rows = [{"text": t, "end": e, "bang": b} for t, e, b in zip(prompts, ids("<|endoftext|>"), ids("!"))]
lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
(OUT / "prompts.json").write_text(f"[\n{lines}\n]\n")
print(len(rows), "prompts,", len(vocab), "tokens")
