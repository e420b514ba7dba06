"""tritonclient over HTTP against a service with the models `small` (T = 4, F = 2) and `composite`: the address of REST."""

import sys

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

client = http.InferenceServerClient(sys.argv[1])
assert client.is_server_live()
assert client.is_server_ready()
assert client.is_model_ready("small", "1")
assert not client.is_model_ready("nope")
assert client.get_model_metadata("composite")["inputs"][0]["shape"] == [-1, 4, 2]
assert [model["name"] for model in client.get_model_repository_index()] == ["composite", "small"]

windows = np.array([[[20, 1e5], [21, np.nan], [22, 100_100], [23, 99_900]]] * 200)


def ask(datatype, binary, **more):
    array = windows.astype(np.float32 if datatype == "FP32" else np.float64)
    tensor = http.InferInput("windows", list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    outputs = [http.InferRequestedOutput(name, binary_data=binary) for name in ("score", "reconstruction", "coverage")]
    return client.infer("composite", [tensor], outputs=outputs, request_id="seven", **more)


for datatype in ("FP32", "FP64"):
    plain = ask(datatype, True)
    assert plain.get_response()["id"] == "seven"
    assert plain.as_numpy("score").shape == (200,)
    np.testing.assert_allclose(plain.as_numpy("coverage"), 7 / 8)
    for algorithm in ("gzip", "deflate"):
        packed = ask(
            datatype, True, request_compression_algorithm=algorithm, response_compression_algorithm=algorithm
        )
        for name in ("score", "reconstruction", "coverage"):
            np.testing.assert_array_equal(packed.as_numpy(name), plain.as_numpy(name), err_msg=f"{algorithm} {name}")

try:
    client.infer("nope", [])
    raise AssertionError("an unknown model was answered")
except InferenceServerException as error:
    assert "nope" in error.message(), error.message()
