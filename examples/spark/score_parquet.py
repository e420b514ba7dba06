"""
Scores Parquet files with a running Residua, on Spark: a score for every window, at the time of its last row.

    spark-submit score_parquet.py http://127.0.0.1:3000 MODEL INPUT OUTPUT --time COLUMN [--group COLUMN]

INPUT has the model's features as columns. Each value of the column --group is a series of its own; without it, each file is.
Windows do not look at gaps in time. OUTPUT gets Parquet files with the columns of series and time, `score` and `anomalous`.
"""

import argparse
import pathlib
import sys

from pyspark.sql import SparkSession
from pyspark.sql import types as T
from pyspark.sql.functions import input_file_name

CLIENT = pathlib.Path(__file__).resolve().parent.parent / "python" / "binary_inference.py"
sys.path.insert(0, str(CLIENT.parent))
from binary_inference import score_series  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "model", "input", "output"):
    parser.add_argument(name)
parser.add_argument("--time", required=True)
parser.add_argument("--group")
options = parser.parse_args()

# In another zone, the times that Spark gives to Python are of another type than those that it takes back.
spark = SparkSession.builder.appName("residua").config("spark.sql.session.timeZone", "UTC").getOrCreate()
# The executors import it too.
spark.sparkContext.addPyFile(str(CLIENT))
rows = spark.read.parquet(options.input)
series = options.group or "file"
if options.group is None:
    rows = rows.withColumn("file", input_file_name())
schema = T.StructType(
    [
        T.StructField(series, rows.schema[series].dataType),
        T.StructField(options.time, rows.schema[options.time].dataType),
        T.StructField("score", T.FloatType()),
        T.StructField("anomalous", T.BooleanType()),
    ]
)
url, model, time = options.url, options.model, options.time
scores = rows.groupBy(series).applyInArrow(lambda table: score_series(table, url, model, series, time), schema)
scores.write.mode("overwrite").parquet(options.output)
spark.stop()
