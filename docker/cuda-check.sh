#!/usr/bin/env bash
# Checks and measures everything that needs an NVIDIA GPU: builds the addon, runs the tensorflow engine's tests (parity
# with Keras, crashes of the device process), serves every model of models/ with RESIDUA_ENGINE=cuda, and runs the bench
# beside eager predict and PyTorch.
#
#   docker/cuda-check.sh                  on a machine with a driver, a compiler, Python and a network
#   docker/cuda-check.sh --pack DIR       on a machine with a network: collects in DIR what the GPU's machine needs
#   docker/cuda-check.sh --offline DIR    on a machine without a network: from what --pack collected
#
# DIR holds node.tar.gz (Node with its headers), project.tar.gz (this checkout with node_modules and dist) and
# wheels/ (TensorFlow and the CUDA 12 libraries). The machine itself needs a driver, tar, python3 and a C++ compiler.
# PyTorch is measured where python3 can import it.
set -euo pipefail

say() { printf '\n== %s\n' "$*"; }
root=$(cd "$(dirname "$0")/.." && pwd)

pack() {
  local to=$1 prefix
  mkdir -p "$to/wheels"
  to=$(cd "$to" && pwd)
  cd "$root"
  node src/setup.mjs
  say "Node with its headers -> $to/node.tar.gz"
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  tar -C "$prefix" -czf "$to/node.tar.gz" bin/node include/node
  say "The project with its packages -> $to/project.tar.gz"
  tar -czf "$to/project.tar.gz" --exclude=./.git --exclude=./.cache \
    --exclude=./node_modules/@tensorflow/tfjs-node-gpu/deps --exclude=./node_modules/@tensorflow/tfjs-node-gpu/lib .
  say "TensorFlow and the CUDA libraries -> $to/wheels"
  local wheels
  wheels=$(node dist/src/engine/tensorflow/build.js cuda --fetch)
  cp "$wheels"/*.whl "$to/wheels/"
  du -sh "$to"
}

unpack() {
  local from=$1
  work=$(mktemp -d)
  say "Unpacking into $work"
  mkdir -p "$work/node" "$work/project"
  tar -xzf "$from/node.tar.gz" -C "$work/node"
  tar -xzf "$from/project.tar.gz" -C "$work/project"
  export PATH="$work/node/bin:$PATH" npm_config_nodedir="$work/node"
  root="$work/project"
}

# TensorFlow loads these libraries at start, but networks of LSTM and dense layers call none of them. A missing one is
# replaced by an empty library of the same name.
stub_missing_libraries() {
  local libraries="$root/node_modules/@tensorflow/tfjs-node-gpu/deps/lib" name
  for name in libcufft.so.11 libcusolver.so.11 libcusparse.so.12 libcurand.so.10; do
    if [ ! -e "$libraries/$name" ] && ! ldconfig -p | grep -q "$name"; then
      echo "$name is missing; an empty library replaces it"
      "${CC:-cc}" -shared -Wl,-soname,"$name" -o "$libraries/$name" -x c /dev/null
    fi
  done
}

wheels=()
case "${1:-}" in
  --pack) pack "${2:?usage: docker/cuda-check.sh --pack DIR}"; exit ;;
  --offline)
    archives=$(cd "${2:?usage: docker/cuda-check.sh --offline DIR}" && pwd)
    unpack "$archives"
    wheels=(--wheels "$archives/wheels")
    ;;
  "") ;;
  *) echo "usage: docker/cuda-check.sh [--pack DIR | --offline DIR]" >&2; exit 2 ;;
esac

if ! nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader; then
  echo "nvidia-smi finds no GPU: install the NVIDIA driver, or give the container its GPU with docker run --gpus all." >&2
  exit 1
fi
cd "$root"
export RESIDUA_CACHE=${RESIDUA_CACHE:-$HOME/.cache/residua} CUDA_CACHE_PATH=${CUDA_CACHE_PATH:-$HOME/.cache/residua/cuda}
mkdir -p "$CUDA_CACHE_PATH"

say "The addon, built for CUDA"
# An unpacked project has Node without npm, and is built already.
[ ${#wheels[@]} -gt 0 ] || node src/setup.mjs
node dist/src/engine/tensorflow/build.js cuda ${wheels[@]+"${wheels[@]}"}
stub_missing_libraries

say "Parity with Keras and wasm, and crashes of the device process, on the GPU"
RESIDUA_TEST_GPU=1 node test/run.mjs engine/tensorflow

say "Every model, served with RESIDUA_ENGINE=cuda"
node docker/served-models-check.mjs cuda models

say "The bench, beside eager predict"
results=$(mktemp)
for activation in relu tanh; do
  node dist/test/bench/run.js engine --engine cuda --activation "$activation" --batches 1,128,1024,8192 --json |
    tee -a "$results"
done

say "PyTorch on the same GPU"
if python3 -c "import torch; assert torch.cuda.is_available()" 2>/dev/null; then
  python3 docker/torch_lstm.py "$results"
else
  echo "Not measured: python3 has no PyTorch with CUDA here."
fi
