//! Words to token ids: CLIP's tokenizer, from a bundle's folder.
//!
//! It knows ids and their limit; what the encoder makes of them is not its business. The library's own
//! truncation and padding stay off, because people must be told how much of a prompt was cut.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Files larger than this are not vocabularies.
const FILE_LIMIT: u64 = 64 << 20;
const START: &str = "<|startoftext|>";
const END: &str = "<|endoftext|>";
/// CLIP's split into words, as OpenAI's `simple_tokenizer.py` has it. Its first two are special tokens by now,
/// unless someone wrote them in capitals.
const WORDS: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Why words cannot be turned into tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    #[error("no tokenizer; put tokenizer.json, or vocab.json and merges.txt, there ({})", .0.display())]
    Missing(PathBuf),
    #[error("a tokenizer file cannot be read ({reason}); copy it again from the model's folder ({})", path.display())]
    File { reason: String, path: PathBuf },
    #[error("the tokenizer lacks {token}; use the one that CLIP's text encoder was trained with")]
    Token { token: String },
    #[error(
        "the tokenizer gives ids up to {largest} but the text encoder knows {vocabulary}; they do not belong together"
    )]
    Vocabulary { largest: u32, vocabulary: usize },
    #[error("the word {0:?} is already the tokenizer's own; give the textual inversion another")]
    Taken(String),
    #[error("the prompt cannot be split into tokens ({0}); write it differently")]
    Prompt(String),
}

/// A prompt as the text encoder reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Start, words, end, padding: always the encoder's length.
    pub ids: Vec<u32>,
    /// Tokens of the prompt's end that found no place.
    pub cut: usize,
}

impl Tokens {
    /// What people are told of a prompt that was too long.
    pub fn notice(&self) -> Option<String> {
        (self.cut > 0)
            .then(|| format!("The prompt is {} tokens too long; its end was not read. Shorten it.", self.cut))
    }
}

/// CLIP's tokenizer.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    start: u32,
    end: u32,
    pad: u32,
    length: usize,
    /// Words of textual inversions: their own id, and the ids of their vectors.
    placeholders: BTreeMap<u32, Range<u32>>,
}

/// `tokenizer_config.json` or `special_tokens_map.json`, of which only this matters.
#[derive(Deserialize)]
struct Settings {
    pad_token: Option<PadToken>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PadToken {
    Plain(String),
    Described { content: String },
}

impl Tokenizer {
    /// Reads a folder's `tokenizer.json`, or `vocab.json` with `merges.txt`. `length` is the encoder's, at
    /// least 2; ids must stay below `vocabulary`.
    pub fn from_folder(folder: &Path, length: usize, vocabulary: usize) -> Result<Self, TokenizerError> {
        let whole = folder.join("tokenizer.json");
        let (parts, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
        let bad = |path: &Path, reason: String| TokenizerError::File { reason, path: path.to_owned() };
        let text = if whole.is_file() {
            let written = serde_json::from_str(&read(&whole)?).map_err(|error| error.to_string());
            written.and_then(tamed).map_err(|reason| bad(&whole, reason))?.to_string()
        } else if parts.is_file() && merges.is_file() {
            let vocabulary: Value =
                serde_json::from_str(&read(&parts)?).map_err(|error| bad(&parts, error.to_string()))?;
            let lines = read(&merges)?;
            let pairs = lines.lines().map(str::trim_end);
            let pairs = pairs.filter(|line| !line.is_empty() && !line.starts_with("#version"));
            description(&vocabulary, &pairs.collect::<Vec<_>>()).to_string()
        } else {
            return Err(TokenizerError::Missing(folder.to_owned()));
        };
        let pad = pad_token(folder)?;
        let from = if whole.is_file() { &whole } else { &parts };
        let mut inner = tokenizers::Tokenizer::from_bytes(text.as_bytes())
            .map_err(|error| bad(from, error.to_string()))?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(|error| bad(from, error.to_string()))?;
        // transformers makes the padding special within prompts too; a token that is missing stays so.
        if inner.token_to_id(&pad).is_some() {
            let special = [tokenizers::AddedToken::from(pad.clone(), true)];
            inner.add_special_tokens(special).map_err(|error| bad(from, error.to_string()))?;
        }
        Self::new(inner, &pad, length.max(2), vocabulary)
    }

    fn new(
        inner: tokenizers::Tokenizer,
        pad: &str,
        length: usize,
        vocabulary: usize,
    ) -> Result<Self, TokenizerError> {
        let id = |token: &str| {
            inner.token_to_id(token).ok_or_else(|| TokenizerError::Token { token: token.to_owned() })
        };
        let (start, end, pad) = (id(START)?, id(END)?, id(pad)?);
        let largest = inner.get_vocab(true).into_values().max().unwrap_or(0);
        if largest as usize >= vocabulary {
            return Err(TokenizerError::Vocabulary { largest, vocabulary });
        }
        Ok(Self { inner, start, end, pad, length, placeholders: BTreeMap::new() })
    }

    /// From now on `word` in a prompt, in any case, stands for `ids`, a textual inversion's vectors.
    pub(crate) fn add_placeholder(&mut self, word: &str, ids: Range<u32>) -> Result<(), TokenizerError> {
        let taken = || TokenizerError::Taken(word.to_owned());
        if word.trim().is_empty() || self.inner.token_to_id(word).is_some() {
            return Err(taken());
        }
        let added = [tokenizers::AddedToken::from(word, false)];
        self.inner.add_tokens(added).map_err(|_| taken())?;
        let id = self.inner.token_to_id(word).ok_or_else(taken)?;
        self.placeholders.insert(id, ids);
        Ok(())
    }

    /// A word's own id, or those of its vectors.
    fn expanded(&self, id: u32) -> Range<u32> {
        self.placeholders.get(&id).cloned().unwrap_or(id..id + 1)
    }

    /// Tokens of a prompt: start, as many of its own as fit, end, padding.
    pub fn encode(&self, prompt: &str) -> Result<Tokens, TokenizerError> {
        let encoding =
            self.inner.encode(prompt, false).map_err(|error| TokenizerError::Prompt(error.to_string()))?;
        let words: Vec<u32> = encoding.get_ids().iter().flat_map(|&id| self.expanded(id)).collect();
        let room = self.length - 2;
        let mut ids = Vec::with_capacity(self.length);
        ids.push(self.start);
        ids.extend(words.iter().take(room));
        ids.push(self.end);
        ids.resize(self.length, self.pad);
        Ok(Tokens { ids, cut: words.len().saturating_sub(room) })
    }
}

/// A `tokenizer.json` without what CLIP's has no use for; the library panics on some of that where it is
/// damaged.
fn tamed(mut description: Value) -> Result<Value, String> {
    let Value::Object(fields) = &mut description else { return Err("it is no JSON object".to_owned()) };
    for unused in ["decoder", "post_processor", "truncation", "padding"] {
        fields.insert(unused.to_owned(), Value::Null);
    }
    if fields
        .get("normalizer")
        .is_some_and(|normalizer| normalizer.to_string().to_lowercase().contains("precompiled"))
    {
        return Err("its normalizer is precompiled, CLIP's is not".to_owned());
    }
    let Some(Value::Object(model)) = fields.get_mut("model") else {
        return Err("it has no model".to_owned());
    };
    let text = |name: &str| model.get(name).and_then(Value::as_str).unwrap_or_default();
    if !["", "BPE"].contains(&text("type")) || !text("continuing_subword_prefix").is_empty() {
        return Err("its model is not CLIP's".to_owned());
    }
    // Chance has no place in a picture that a seed decides.
    model.insert("dropout".to_owned(), Value::Null);
    Ok(description)
}

/// `tokenizer.json` of a CLIP tokenizer with this vocabulary and these merges.
fn description(vocabulary: &Value, merges: &[&str]) -> Value {
    let special = |token: &str| {
        let id = vocabulary.get(token).cloned().unwrap_or(Value::Null);
        json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
               "normalized": false, "special": true})
    };
    let added: Vec<Value> =
        [START, END].into_iter().filter(|token| vocabulary.get(token).is_some()).map(special).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": true},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}]},
        "post_processor": null, "decoder": null,
        "model": {"type": "BPE", "dropout": null, "unk_token": END, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false,
                  "vocab": vocabulary, "merges": merges},
    })
}

/// `tokenizer.json` with a token for each byte, each with and without word end, and no merges.
pub(crate) fn bytes_only() -> Value {
    let letters: Vec<char> = byte_letters().collect();
    let plain = letters.iter().map(ToString::to_string);
    let ends = letters.iter().map(|letter| format!("{letter}</w>"));
    let names = plain.chain(ends).chain([START.to_owned(), END.to_owned()]);
    let vocabulary = names.enumerate().map(|(id, name)| (name, json!(id))).collect();
    description(&Value::Object(vocabulary), &[])
}

/// GPT-2's printable stand-in for each byte, in the order of CLIP's vocabulary: bytes that print stand for
/// themselves, the others follow from U+0100.
fn byte_letters() -> impl Iterator<Item = char> {
    let prints = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let others = (0..=255u8).filter(move |byte| !prints(byte)).count() as u32;
    let selves = (0..=255u8).filter(prints).map(char::from);
    selves.chain((0..others).filter_map(|index| char::from_u32(0x100 + index)))
}

/// The token that fills what a prompt leaves free; the end where no file names one.
fn pad_token(folder: &Path) -> Result<String, TokenizerError> {
    for name in ["tokenizer_config.json", "special_tokens_map.json"] {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        let settings: Settings = serde_json::from_str(&read(&path)?)
            .map_err(|error| TokenizerError::File { reason: error.to_string(), path })?;
        if let Some(PadToken::Plain(token) | PadToken::Described { content: token }) = settings.pad_token {
            return Ok(token);
        }
    }
    Ok(END.to_owned())
}

fn read(path: &Path) -> Result<String, TokenizerError> {
    super::files::read_text(path, FILE_LIMIT)
        .map_err(|error| TokenizerError::File { reason: error.to_string(), path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn bytes_tokenizer(length: usize) -> Tokenizer {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tokenizer.json"), bytes_only().to_string()).unwrap();
        Tokenizer::from_folder(folder.path(), length, 514).unwrap()
    }

    /// A word's letters, the last of them with the word's end.
    fn letters(word: &str) -> Vec<u32> {
        let id = |byte: u8| u32::from(byte - b'!');
        let (last, first) = word.as_bytes().split_last().unwrap();
        first.iter().map(|&byte| id(byte)).chain([256 + id(*last)]).collect()
    }

    #[test]
    fn a_prompt_is_framed_and_padded_with_the_end() {
        let tokens = bytes_tokenizer(9).encode("  A  Ring ").unwrap();
        let words = [letters("a"), letters("ring")].concat();
        assert_eq!(tokens.ids, [&[512][..], &words, &[513, 513, 513]].concat());
        assert_eq!((tokens.cut, tokens.notice()), (0, None));
    }

    #[test]
    fn a_long_prompt_keeps_its_end_token_and_tells_what_was_cut() {
        let tokens = bytes_tokenizer(77).encode(&"a ".repeat(80)).unwrap();
        assert_eq!((tokens.ids.len(), tokens.ids[76], tokens.cut), (77, 513, 5));
        assert!(tokens.notice().unwrap().contains("5 tokens"));
    }

    #[test]
    fn words_split_as_clip_splits_them() {
        let tokens = bytes_tokenizer(77).encode("it's 42!?").unwrap();
        let words = ["it", "'s", "4", "2", "!?"].map(letters).concat();
        assert_eq!(&tokens.ids[1..=words.len()], words);
        assert_eq!(tokens.ids[words.len() + 1], 513);
    }

    #[test]
    fn vocab_and_merges_join_letters_into_words() {
        let folder = tempfile::tempdir().unwrap();
        let vocabulary = json!({"r": 0, "i": 1, "g</w>": 2, "n": 3, "ri": 4, "rin": 5, "ring</w>": 6, "!": 7, START: 8, END: 9});
        fs::write(folder.path().join("vocab.json"), vocabulary.to_string()).unwrap();
        fs::write(folder.path().join("merges.txt"), "#version: 0.2\nr i\nri n\nrin g</w>\n").unwrap();
        fs::write(folder.path().join("tokenizer_config.json"), r#"{"pad_token": "!"}"#).unwrap();
        let tokenizer = Tokenizer::from_folder(folder.path(), 5, 10).unwrap();
        assert_eq!(tokenizer.encode("RING").unwrap().ids, [8, 6, 9, 7, 7]);
        // As in transformers, `!` is then no part of a word: two of them are two tokens.
        assert_eq!(tokenizer.encode("RING!!").unwrap().ids, [8, 6, 7, 7, 9]);
    }

    /// Older diffusers folders name it there only.
    #[test]
    fn the_pad_token_may_stand_in_the_special_tokens_map() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tokenizer.json"), bytes_only().to_string()).unwrap();
        fs::write(folder.path().join("tokenizer_config.json"), r#"{"pad_token": null}"#).unwrap();
        let map = folder.path().join("special_tokens_map.json");
        fs::write(map, r#"{"pad_token": {"content": "!", "lstrip": false}}"#).unwrap();
        let tokenizer = Tokenizer::from_folder(folder.path(), 5, 514).unwrap();
        assert_eq!(tokenizer.encode("").unwrap().ids, [512, 513, 0, 0, 0]);
    }

    #[test]
    fn ids_beyond_the_encoder_and_broken_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Tokenizer::from_folder(folder.path(), 77, 514).unwrap_err();
        assert!(matches!(missing, TokenizerError::Missing(_)));
        fs::write(folder.path().join("tokenizer.json"), bytes_only().to_string()).unwrap();
        let small = Tokenizer::from_folder(folder.path(), 77, 513).unwrap_err();
        assert!(matches!(small, TokenizerError::Vocabulary { largest: 513, vocabulary: 513 }));
        fs::write(folder.path().join("tokenizer.json"), "{\"model\": 3}").unwrap();
        let broken = Tokenizer::from_folder(folder.path(), 77, 514).unwrap_err();
        assert!(matches!(broken, TokenizerError::File { .. }));
    }

    /// Each of these made the library panic, or could.
    #[test]
    fn a_hostile_description_is_an_error_and_unused_parts_are_left_out() {
        let open = |description: &str| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("tokenizer.json"), description).unwrap();
            Tokenizer::from_folder(folder.path(), 77, 514)
        };
        let whole = bytes_only().to_string();
        let spoiled = |from: &str, to: &str| {
            let text = whole.replacen(from, to, 1);
            assert_ne!(text, whole);
            open(&text)
        };
        assert!(spoiled("\"decoder\":null", "\"decoder\":lull").is_err());
        assert!(spoiled("\"decoder\":null", "\"decoder\":{\"type\":\"None such\"}").is_ok());
        assert!(spoiled("\"dropout\":null", "\"dropout\":0.9").is_ok());
        let charsmap = "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"},\"was\":";
        assert!(spoiled("\"normalizer\":", charsmap).is_err());
        let prefix = "\"continuing_subword_prefix\":\"####\"";
        assert!(spoiled("\"continuing_subword_prefix\":\"\"", prefix).is_err());
        assert!(spoiled("\"type\":\"BPE\"", "\"type\":\"Unigram\"").is_err());
        assert!(open("[]").is_err() && open("{}").is_err());
    }
}
