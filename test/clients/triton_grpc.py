"""tritonclient over gRPC against a service with the models `small` (T = 4, F = 2) and `composite`: URL, then REST's URL."""

import sys

import numpy as np
import tritonclient.grpc as grpc
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

client = grpc.InferenceServerClient(sys.argv[1])
rest = http.InferenceServerClient(sys.argv[2])

assert client.is_server_live()
assert client.is_server_ready()
assert client.is_model_ready("small")
assert client.is_model_ready("small", "1")
assert not client.is_model_ready("nope")
assert client.get_server_metadata().name == "residua"
metadata = client.get_model_metadata("composite", as_json=True)
assert metadata["inputs"][0]["shape"] == ["-1", "4", "2"], metadata
assert [model.name for model in client.get_model_repository_index().models] == ["composite", "small"]

windows = np.array([[[20, 1e5], [21, np.nan], [22, 100_100], [23, 99_900]]] * 3)
for datatype, array in (("FP32", windows.astype(np.float32)), ("FP64", windows)):

    def ask(library, client, **more):
        tensor = library.InferInput("windows", list(array.shape), datatype)
        tensor.set_data_from_numpy(array)
        return client.infer("composite", [tensor], request_id="seven", **more)

    answer = ask(grpc, client)
    same = ask(http, rest)
    response = answer.get_response()
    assert (response.model_name, response.model_version, response.id) == ("composite", "1", "seven"), response
    names = [output.name for output in response.outputs]
    assert {"reconstruction", "prediction", "timestep_error", "score"} <= set(names), names
    for name in names:
        np.testing.assert_array_equal(answer.as_numpy(name), same.as_numpy(name), err_msg=name)
    # The model says which type its readings need, whatever the windows came as.
    assert answer.as_numpy("reconstruction").dtype == np.float32
    wanted = [grpc.InferRequestedOutput(name) for name in ("score", "coverage")]
    few = ask(grpc, client, outputs=wanted)
    assert [output.name for output in few.get_response().outputs] == ["score", "coverage"]
    np.testing.assert_allclose(few.as_numpy("coverage"), [7 / 8] * 3)


def refused(status, call):
    try:
        call()
    except InferenceServerException as error:
        assert error.status() == f"StatusCode.{status}", (status, error.status(), error.message())
        return error.message()
    raise AssertionError(f"no error, where {status} was expected")


def infer(model="small", shape=(1, 4, 2), datatype="FP32", **more):
    array = np.zeros(shape, {"FP32": np.float32, "INT32": np.int32}[datatype])
    tensor = grpc.InferInput("windows", list(shape), datatype)
    tensor.set_data_from_numpy(array)
    return client.infer(model, [tensor], **more)


assert "nope" in refused("NOT_FOUND", lambda: infer("nope"))
assert "9" in refused("NOT_FOUND", lambda: infer(model_version="9"))
assert "[n, 4, 2]" in refused("INVALID_ARGUMENT", lambda: infer(shape=(1, 2, 4)))
assert "INT32" in refused("INVALID_ARGUMENT", lambda: infer(datatype="INT32"))
refused("DEADLINE_EXCEEDED", lambda: infer(shape=(4000, 4, 2), client_timeout=0.000_001))
refused("DEADLINE_EXCEEDED", lambda: infer(shape=(4000, 4, 2), timeout=1))
assert infer(client_timeout=60).as_numpy("score").shape == (1,)
