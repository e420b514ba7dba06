"""KServe's clients, REST and gRPC, against a service with the model `small` (T = 4, F = 2): REST's URL, gRPC's address."""

import asyncio
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.inference_client import InferenceGRPCClient

windows = np.array([[[20, 1e5], [21, 1e5], [22, 100_100], [23, 99_900]]] * 3, dtype=np.float32)


def request(binary):
    tensor = InferInput("windows", list(windows.shape), "FP32")
    tensor.set_data_from_numpy(windows, binary_data=binary)
    return InferRequest("small", [tensor], request_id="seven")


def check(answer):
    assert answer.model_name == "small" and answer.id == "seven", answer
    tensors = {output.name: output.as_numpy() for output in answer.outputs}
    assert tensors["score"].shape == (3,), tensors
    assert tensors["reconstruction"].shape == (3, 4, 2), tensors
    return tensors


async def main(url, address):
    rest = InferenceRESTClient(RESTConfig(protocol="v2", retries=2, timeout=30))
    assert await rest.is_server_live(url)
    assert await rest.is_server_ready(url)
    assert await rest.is_model_ready(url, "small")
    of_rest = [check(await rest.infer(url, request(binary), model_name="small")) for binary in (False, True)]
    await rest.close()
    grpc = InferenceGRPCClient(address, timeout=30)
    assert await grpc.is_server_live()
    assert await grpc.is_server_ready()
    assert await grpc.is_model_ready("small")
    for binary in (False, True):
        of_grpc = check(await grpc.infer(request(binary)))
        for name, values in of_grpc.items():
            np.testing.assert_array_equal(values, of_rest[1][name], err_msg=name)
            np.testing.assert_allclose(of_rest[0][name], values, rtol=1e-6, err_msg=name)
    await grpc.close()


asyncio.run(main(*sys.argv[1:]))
