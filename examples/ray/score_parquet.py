"""
Scores Parquet files with a running Residua, on Ray: a score for every window, at the time of its last row.

    python score_parquet.py http://127.0.0.1:3000 MODEL INPUT OUTPUT --time COLUMN [--group COLUMN]

INPUT has the model's features as columns. Each value of the column --group is a series of its own; without it, each file is.
Windows do not look at gaps in time. OUTPUT gets Parquet files with the columns of series and time, `score` and `anomalous`.
"""

import argparse
import pathlib
import sys

import ray

CLIENT = pathlib.Path(__file__).resolve().parent.parent / "python" / "binary_inference.py"
sys.path.insert(0, str(CLIENT.parent))
from binary_inference import score_series  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "model", "input", "output"):
    parser.add_argument(name)
parser.add_argument("--time", required=True)
parser.add_argument("--group")
options = parser.parse_args()

# The workers import it too.
ray.init(runtime_env={"py_modules": [str(CLIENT)]})
series = options.group or "path"
url, model, time = options.url, options.model, options.time
rows = ray.data.read_parquet(options.input, include_paths=options.group is None)
scores = rows.groupby(series).map_groups(
    lambda table: score_series(table, url, model, series, time), batch_format="pyarrow"
)
scores.write_parquet(options.output)
