"""What ONNX Runtime makes of a picture with an ISNet: input and expected mask for the ignored test.

    python tests/oracles/isnet/expect.py MODEL.onnx (or package/dist) PICTURE expected.safetensors

f16 weights are widened to f32 first, so that both sides compute alike: ONNX Runtime has no f16 convolution on
processors, and what it does instead is its own affair.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper
from PIL import Image
from convert import model
from safetensors.numpy import save_file


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT
    for value in model.graph.value_info:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16:
            value.type.tensor_type.elem_type = TensorProto.FLOAT
    return model


picture = Image.open(sys.argv[2]).convert("RGB").resize((1024, 1024), Image.Resampling.BILINEAR)
codes = np.ascontiguousarray(np.asarray(picture, np.float32).transpose(2, 0, 1)[None] / 255 - 0.5)
session = onnxruntime.InferenceSession(widened(model(Path(sys.argv[1]))).SerializeToString())
[seen] = session.run(["output"], {session.get_inputs()[0].name: codes})
print(seen.shape, seen.min(), seen.max())
save_file({"input": codes, "expected": seen.astype(np.float32)}, sys.argv[3])
