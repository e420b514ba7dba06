import assert from "node:assert/strict";
import { test } from "node:test";
import { addonEnvironment } from "../../../src/engine/tensorflow/addon.js";
import { wheelVersion } from "../../../src/engine/tensorflow/wheel.js";

const paths = {
  package: "/p",
  deps: "/p/deps",
  libraries: "/p/deps/lib",
  cuda: "/p/deps/cuda",
  stamp: "/p/s",
};

test("TF32 is off in cuBLAS, cuDNN and XLA unless it is asked for", () => {
  const off = addonEnvironment(paths, "cuda", {});
  assert.equal(off["NVIDIA_TF32_OVERRIDE"], "0");
  assert.match(off["XLA_FLAGS"] ?? "", /--xla_gpu_enable_triton_gemm=false/);
  const on = addonEnvironment(paths, "cuda", { NVIDIA_TF32_OVERRIDE: "1" });
  assert.equal(on["NVIDIA_TF32_OVERRIDE"], "1");
  assert.doesNotMatch(on["XLA_FLAGS"] ?? "", /triton/);
});

test("what is set already stays, and the libraries are found first", () => {
  const environment = addonEnvironment(
    paths,
    "cuda",
    { LD_LIBRARY_PATH: "/x", PATH: "/bin", XLA_FLAGS: "--a", TF_XLA_FLAGS: "--b", HOME: "/h" },
    "/scratch",
  );
  assert.equal(environment["LD_LIBRARY_PATH"], "/p/deps/lib:/x");
  assert.equal(environment["PATH"], "/bin:/p/deps/cuda/bin");
  assert.match(environment["XLA_FLAGS"] ?? "", /^--a --xla_gpu_cuda_data_dir=\/p\/deps\/cuda/);
  assert.equal(environment["TF_XLA_FLAGS"], "--b --tf_xla_persistent_cache_directory=/scratch/xla");
  assert.equal(environment["HOME"], "/h");
  assert.equal(environment["TF_FORCE_GPU_ALLOW_GROWTH"], "true");
});

test("nothing of CUDA is set for a CPU", () => {
  assert.equal(addonEnvironment(paths, "cpu", {})["XLA_FLAGS"], undefined);
});

test("a wheel's name says its version", () => {
  assert.equal(wheelVersion("/cache/tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl"), "2.21.0");
});
