#!/usr/bin/env bash
# Builds the TensorFlow addon for the CPU, and runs the tests of the tensorflow engine with it.
# The wheel is kept in ~/.cache/residua (RESIDUA_CACHE) between runs. Where there is no compiler, Python or wheel, the
# script says so and skips these tests.
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
