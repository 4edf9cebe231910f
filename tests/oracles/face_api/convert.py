"""Weights of @vladmandic/face-api 1.7.15 -> assets/vision/*.safetensors, bytes kept as the package quantised them.

    npm pack @vladmandic/face-api@1.7.15 && tar xzf vladmandic-face-api-1.7.15.tgz
    python tests/oracles/face_api/convert.py package/model assets/vision

A quantised tensor `name` becomes `name` (u8) and `name.affine` (f64: scale, smallest), value = byte * scale +
smallest; the others stay f32. Axes are put in PyTorch's order: filters [out, in, rows, columns], depthwise
filters [channels, 1, rows, columns], weights of linear layers [out, in].
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

NETWORKS = {
    "tiny_face_detector_model": "face_finder",
    "face_landmark_68_model": "face_landmarks",
    "face_recognition_model": "face_descriptor",
}


def pytorch_order(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim == 4:
        axes = (2, 3, 0, 1) if name.endswith("depthwise_filter") else (3, 2, 0, 1)
        return values.transpose(axes)
    return values.T if values.ndim == 2 else values


def tensors(folder: Path, model: str) -> dict[str, np.ndarray]:
    [group] = json.loads((folder / f"{model}-weights_manifest.json").read_text())
    data = b"".join((folder / path).read_bytes() for path in group["paths"])
    found, at = {}, 0
    for weight in group["weights"]:
        affine = weight.get("quantization")
        assert weight["dtype"] == "float32" and (affine is None or affine["dtype"] == "uint8"), weight
        kind = np.dtype("<f4") if affine is None else np.dtype("u1")
        count = int(np.prod(weight["shape"]))
        values = np.frombuffer(data, kind, count, at).reshape(weight["shape"])
        at += count * kind.itemsize
        name = weight["name"].replace("/", ".")
        found[name] = np.ascontiguousarray(pytorch_order(name, values))
        if affine is not None:
            found[f"{name}.affine"] = np.array([affine["scale"], affine["min"]], "<f8")
    assert at == len(data), (model, at, len(data))
    return found


def main() -> None:
    package, out = Path(sys.argv[1]), Path(sys.argv[2])
    for model, name in NETWORKS.items():
        file = out / f"{name}.safetensors"
        save_file(tensors(package, model), file)
        print(file, file.stat().st_size)


main()
