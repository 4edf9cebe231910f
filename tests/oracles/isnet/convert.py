"""An ISNet in ONNX -> isnet.safetensors for `adorn`'s cut-out. Weights stay as exact as they were (f16 or f32).

    python tests/oracles/isnet/convert.py MODEL.onnx isnet.safetensors
    python tests/oracles/isnet/convert.py package/dist isnet.safetensors

The second form puts together the medium model of the npm package `@imgly/background-removal-data` 1.4.5, which comes in
pieces. That package has terms of its own (AGPL or commercial); nothing of it is part of Adorn.
"""

import json
import sys
from pathlib import Path

import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file


def model(source: Path) -> onnx.ModelProto:
    if source.is_file():
        return onnx.load(source)
    chunks = json.loads((source / "resources.json").read_text())["/models/medium"]["chunks"]
    return onnx.load_from_string(b"".join((source / chunk["hash"]).read_bytes() for chunk in chunks))


def convolutions(graph: onnx.GraphProto) -> dict:
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = {}
    for node in graph.node:
        if node.op_type == "Conv":
            name = node.name.strip("/").removesuffix("/Conv").removesuffix("/conv_s1").replace("/", ".")
            found[f"{name}.weight"], found[f"{name}.bias"] = values[node.input[1]], values[node.input[2]]
    return found


def main() -> None:
    tensors = convolutions(model(Path(sys.argv[1])).graph)
    assert {"conv_in.weight", "side1.weight", "stage1d.rebnconv1d.weight"} <= tensors.keys(), "no ISNet"
    # Sides 2..6 only serve training.
    save_file({name: value for name, value in tensors.items() if name[:5] not in [f"side{n}" for n in range(2, 7)]}, sys.argv[2])
    print(len(tensors) // 2, "convolutions")


if __name__ == "__main__":
    main()
