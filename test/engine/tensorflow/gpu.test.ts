import assert from "node:assert/strict";
import { test } from "node:test";
import { gpuNameIn, gpuUnavailable, whyNoGpu } from "../../../src/engine/tensorflow/gpu.js";

const addon = { flavour: "cuda", tensorflow: "2.21.0", architecture: "x64" } as const;

test("what is missing before anything starts: the addon, CUDA in it, or the driver", () => {
  assert.match(
    gpuUnavailable({ ...addon, flavour: "cpu" }, true) ?? "",
    /without CUDA; run npm run tensorflow -- cuda/,
  );
  assert.match(gpuUnavailable(addon, false) ?? "", /no NVIDIA driver .* docker run --gpus all/);
  assert.equal(gpuUnavailable(addon, true), undefined);
});

test("why TensorFlow took no GPU is read from its log", () => {
  const cuda =
    "E0000 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected";
  assert.match(whyNoGpu(["", cuda]), /refused \(CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected\)/);
  assert.match(
    whyNoGpu(["W0000 gpu_device.cc:2431] Cannot dlopen some GPU libraries. Please make sure ..."]),
    /a CUDA library is missing beside libtensorflow; run npm run tensorflow -- cuda/,
  );
  assert.match(
    whyNoGpu(["Could not load dynamic library 'libcudnn.so.9'; dlerror: no such file"]),
    /library libcudnn\.so\.9 is missing/,
  );
  assert.match(
    whyNoGpu([
      "I0000 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.",
      "E0000 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)",
    ]),
    /libcuda\.so\.1 is missing; install the NVIDIA driver/,
  );
  assert.match(whyNoGpu([]), /found no GPU/);
});

test("the GPU's name stands where TensorFlow takes the device", () => {
  const line =
    "I0000 gpu_device.cc:2020] Created device /job:localhost/replica:0/task:0/device:GPU:0 with 78788 MB memory:  -> device: 0, name: NVIDIA H100 80GB HBM3, pci bus id: 0000:19:00.0, compute capability: 9.0";
  assert.equal(gpuNameIn(line), "NVIDIA H100 80GB HBM3");
  assert.equal(gpuNameIn("I0000 something else"), undefined);
});
