"""A narrow BLIP with random weights, and what transformers' own makes of a picture: the committed fixture.

    python tests/oracles/blip/tiny.py tests/fixtures/vision/tiny_blip
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import BlipConfig, BlipForConditionalGeneration
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

SIDE, START, END = 32, 58, 3
LETTERS = "abcdefghijklmnopqrstuvwxyz"

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(14)
text = {
    "vocab_size": 59, "hidden_size": 24, "encoder_hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "max_position_embeddings": 64, "bos_token_id": START, "sep_token_id": END,
    "pad_token_id": 0, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
}
vision = {
    "hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": SIDE,
    "patch_size": 8, "hidden_act": "gelu", "layer_norm_eps": 1e-5,
}
config = BlipConfig(text_config=text, vision_config=vision)
model = BlipForConditionalGeneration(config).eval()
with torch.no_grad():
    for name, value in model.named_parameters():
        # Large enough that every part is seen in the result.
        value.normal_(0.0 if "norm" not in name.lower() or "bias" in name else 1.0, 0.4)

random = np.random.default_rng(7)
coarse = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
picture = Image.fromarray(coarse).resize((56, 40), Image.BICUBIC)
processor = BlipImageProcessorPil(size={"height": SIDE, "width": SIDE})
pixels = processor(images=picture, return_tensors="pt")["pixel_values"]
with torch.no_grad():
    seen = model.vision_model(pixels).last_hidden_state
    ids = model.generate(pixel_values=pixels, max_new_tokens=19, num_beams=1, do_sample=False)[0]
    logits = model.text_decoder(input_ids=ids[None, :-1], encoder_hidden_states=seen).logits[0]
print("ids", ids.tolist())

tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
# As transformers saves it: tied numbers once.
for tied in ["weight", "bias"]:
    tensors.pop(f"text_decoder.cls.predictions.decoder.{tied}")
save_file(tensors, folder / "model.safetensors")
save_file(
    {"picture": torch.from_numpy(np.array(picture)).float(), "pixels": pixels, "ids": ids.to(torch.uint32), "logits": logits},
    folder / "expected.safetensors",
)
(folder / "config.json").write_text(json.dumps({"text_config": text, "vision_config": vision}, indent=1) + "\n")
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{letter}" for letter in LETTERS), "woman", "[DEC]"]
vocabulary = {word: number for number, word in enumerate([*words[:-1], "pearl", words[-1]])}
assert len(vocabulary) == text["vocab_size"] and vocabulary["[DEC]"] == START, len(vocabulary)
special = [
    {"id": vocabulary[word], "content": word, "single_word": False, "lstrip": False, "rstrip": False,
     "normalized": False, "special": True}
    for word in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]"]
]
tokenizer = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": None,
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100, "vocab": vocabulary},
}
(folder / "tokenizer.json").write_text(json.dumps(tokenizer) + "\n")
from tokenizers import Tokenizer

print(repr(Tokenizer.from_file(str(folder / "tokenizer.json")).decode(ids.tolist(), skip_special_tokens=True)))
