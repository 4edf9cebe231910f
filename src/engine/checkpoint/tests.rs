//! Weight files, whole and hostile ones.

use super::*;
use candle_core::{DType, Device, Tensor};
use serde_json::json;
use std::collections::HashMap;
use std::fs;

fn written(folder: &Path, file: &str, tensors: &[(&str, Tensor)]) -> PathBuf {
    let path = folder.join(file);
    let tensors: HashMap<String, Tensor> =
        tensors.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
    candle_core::safetensors::save(&tensors, &path).unwrap();
    path
}

fn numbers() -> Tensor {
    Tensor::new(&[[1.0f32, -2.0, 0.5], [4.0, 0.25, -8.0]], &Device::Cpu).unwrap()
}

fn refusal(path: &Path) -> String {
    Checkpoint::open(&[path.to_owned()]).err().expect("refused").to_string()
}

#[test]
fn all_three_number_types_load_as_the_type_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for dtype in [DType::F32, DType::F16, DType::BF16] {
        let path = written(folder.path(), dtype.as_str(), &[("w", numbers().to_dtype(dtype).unwrap())]);
        let builder = Weights::builder(Checkpoint::open(&[path]).unwrap(), DType::F32, &Device::Cpu);
        let loaded = builder.get((2, 3), "w").unwrap();
        assert_eq!(loaded.to_vec2::<f32>().unwrap(), numbers().to_vec2::<f32>().unwrap());
    }
}

#[test]
fn errors_name_tensor_both_shapes_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "a.safetensors", &[("w", numbers())]);
    let builder = Weights::builder(Checkpoint::open(&[path]).unwrap(), DType::F32, &Device::Cpu);
    let wrong = builder.get((3, 3), "w").unwrap_err().to_string();
    let missing = builder.get(3, "v").unwrap_err().to_string();
    for part in ["tensor w", "[2, 3]", "[3, 3]", "a.safetensors"] {
        assert!(wrong.contains(part), "{wrong}");
    }
    assert!(missing.contains("tensor v is missing") && missing.contains("a.safetensors"), "{missing}");
}

#[test]
fn a_prefix_may_be_there_or_not_on_either_side() {
    let folder = tempfile::tempdir().unwrap();
    for (stored, asked) in [("text_model.w", "text_model.w"), ("w", "text_model.w"), ("text_model.w", "w")] {
        let path = written(folder.path(), "p", &[(stored, numbers())]);
        let checkpoint = Checkpoint::open(&[path]).unwrap().with_optional_prefix("text_model");
        let builder = Weights::builder(checkpoint, DType::F32, &Device::Cpu);
        assert!(builder.contains_tensor(asked) && builder.get((2, 3), asked).is_ok(), "{stored} as {asked}");
    }
}

#[test]
fn a_network_in_parts_is_one_network_and_parts_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "one.safetensors", &[("a", numbers())]);
    written(folder.path(), "two.safetensors", &[("b", numbers())]);
    let index = folder.path().join("model.safetensors.index.json");
    fs::write(&index, r#"{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}"#).unwrap();
    let checkpoint = Checkpoint::find(folder.path(), "model").unwrap();
    assert_eq!(checkpoint.names().collect::<Vec<_>>(), ["a", "b"]);
    fs::write(&index, r#"{"weight_map": {"a": "../one.safetensors"}}"#).unwrap();
    assert!(Checkpoint::find(folder.path(), "model").err().unwrap().to_string().contains("beside"));
}

#[test]
fn pickles_are_refused_by_name_and_by_content() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.bin"), b"anything").unwrap();
    let named = Checkpoint::find(folder.path(), "model").err().unwrap().to_string();
    assert!(named.contains("pickle") && named.contains("model.bin"), "{named}");
    let bare = (2..=5).map(|protocol| [&[0x80, protocol], &b"\x95\x10\0\0\0\0\0\0\0}q\0"[..]].concat());
    for content in bare.chain([b"PK\x03\x04rest of an archive".to_vec()]) {
        let renamed = folder.path().join("renamed.safetensors");
        fs::write(&renamed, content).unwrap();
        assert!(refusal(&renamed).contains("pickle"));
    }
}

#[test]
fn a_pickle_of_any_name_or_ending_is_named_where_weights_are_missing() {
    for name in ["v1-5-pruned.ckpt", "model.pth", "other.PT"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), b"anything").unwrap();
        let text = Checkpoint::find(folder.path(), "model").err().unwrap().to_string();
        assert!(text.contains("pickle") && text.contains(name), "{text}");
    }
}

/// Its length, 0x0280, starts with a pickle's two bytes: such files were refused as pickles.
#[test]
fn a_header_of_640_bytes_is_no_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let header = format!("{:<640}", r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#);
    fs::write(&path, [&640u64.to_le_bytes(), header.as_bytes(), &[0; 4]].concat()).unwrap();
    assert_eq!(Checkpoint::open(&[path]).unwrap().names().collect::<Vec<_>>(), ["w"]);
}

#[test]
fn numbers_of_other_types_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (dtype, bytes) in [("F64", 8), ("I8", 1), ("U64", 8), ("BOOL", 1), ("F8_E4M3", 1)] {
        let path = folder.path().join("typed.safetensors");
        let header = json!({"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, bytes]}}).to_string();
        let content = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; bytes]].concat();
        fs::write(&path, content).unwrap();
        let builder = Weights::builder(Checkpoint::open(&[path]).unwrap(), DType::F32, &Device::Cpu);
        let text = builder.get(1, "w").unwrap_err().to_string();
        assert!(text.contains("tensor w") && text.contains(dtype) && text.contains("typed"), "{text}");
    }
}

#[test]
fn hostile_headers_end_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.safetensors");
    let file = |length: u64, rest: &[u8]| [&length.to_le_bytes(), rest].concat();
    let headed = |header: &str| file(header.len() as u64, &[header.as_bytes(), &[0; 16]].concat());
    let cases = [
        file(1 << 63, b"{}"),
        file(u64::MAX, b""),
        file(1 << 20, b"{}"),
        file(2, b"[]"),
        headed(r#"{"beyond":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}"#),
        headed(
            r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"over":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
        ),
        headed(r#"{"backwards":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}"#),
        headed(
            r#"{"overflow":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,16]}}"#,
        ),
        headed(r#"{"negative":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#),
        headed(r#"{"unknown":{"dtype":"F32\nF33","shape":[4],"data_offsets":[0,16]}}"#),
        headed(
            r#"{"twice":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"twice":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
        ),
        headed(&format!(r#"{{"deep":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000))),
        headed(&format!(r#"{{"long{}":{{}}}}"#, "x".repeat(100_000))),
        b"short".to_vec(),
        Vec::new(),
    ];
    for content in cases {
        fs::write(&path, content).unwrap();
        let text = refusal(&path);
        assert!(text.contains("bad.safetensors") && !text.contains('\n') && text.len() < 1000, "{text}");
    }
    assert!(refusal(folder.path()).contains("cannot be read"));
}

#[test]
fn a_tensor_of_no_dimensions_is_no_other_shape() {
    let folder = tempfile::tempdir().unwrap();
    let one = Tensor::new(2.5f32, &Device::Cpu).unwrap();
    let path = written(folder.path(), "scalar.safetensors", &[("w", one)]);
    let builder = Weights::builder(Checkpoint::open(&[path]).unwrap(), DType::F32, &Device::Cpu);
    assert_eq!(builder.get((), "w").unwrap().to_scalar::<f32>().unwrap(), 2.5);
    assert!(builder.get(1, "w").unwrap_err().to_string().contains("tensor w is []"));
}

#[test]
fn a_matrix_and_a_convolution_of_one_pixel_are_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "w.safetensors", &[("w", numbers())]);
    let builder = Weights::builder(Checkpoint::open(&[path]).unwrap(), DType::F32, &Device::Cpu);
    let convolution = builder.get((2, 3, 1, 1), "w").unwrap().squeeze(3).unwrap().squeeze(2).unwrap();
    assert_eq!(convolution.to_vec2::<f32>().unwrap(), numbers().to_vec2::<f32>().unwrap());
    assert!(builder.get((3, 2, 1, 1), "w").is_err() && builder.get((2, 3, 1), "w").is_err());
}

#[test]
fn a_tensor_in_two_files_of_one_network_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["one", "two"].map(|name| written(folder.path(), name, &[("w", numbers())]));
    let text = Checkpoint::open(&paths).err().unwrap().to_string();
    assert!(text.contains("tensor w") && text.contains("two"), "{text}");
}

#[test]
fn a_variant_stands_in_where_the_plain_file_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["model.fp16.safetensors", "model.bf16.safetensors", "other.safetensors"] {
        written(folder.path(), name, &[(name, numbers())]);
    }
    let first = || Checkpoint::find(folder.path(), "model").unwrap().names().next().unwrap().to_owned();
    assert_eq!(first(), "model.fp16.safetensors");
    fs::remove_file(folder.path().join("model.fp16.safetensors")).unwrap();
    assert_eq!(first(), "model.bf16.safetensors");
    fs::remove_file(folder.path().join("model.bf16.safetensors")).unwrap();
    written(folder.path(), "part-00001.safetensors", &[("a part", numbers())]);
    let index = r#"{"weight_map": {"a part": "part-00001.safetensors"}}"#;
    fs::write(folder.path().join("model.safetensors.index.fp16.json"), index).unwrap();
    assert_eq!(first(), "a part");
    written(folder.path(), "model.safetensors", &[("plain", numbers())]);
    assert_eq!(first(), "plain");
}

#[test]
fn a_truncated_file_is_refused_before_a_tensor_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "cut.safetensors", &[("w", numbers())]);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 4]).unwrap();
    assert!(refusal(&path).contains("copy it again"));
}
