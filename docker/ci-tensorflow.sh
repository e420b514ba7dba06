#!/usr/bin/env bash
# Builds the TensorFlow addon for the CPU and runs the tests of the tensorflow engine on it.
# The Python wheel that the addon is built from is kept in ~/.cache/residua (RESIDUA_CACHE) between runs. Without a
# compiler, Python or the wheel, only these tests are skipped, with a message.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
npm run -s tensorflow -- cpu || status=$?
case $status in
  0) ;;
  69)
    echo "Skipped: the tensorflow engine's own tests, since the addon cannot be built here (see above)."
    exit 0
    ;;
  *) exit "$status" ;;
esac
node src/setup.mjs test
node test/run.mjs engine/tensorflow
