"""
Trains a model on a week of a machine, finds the failure in the days after, and scores these days as a stream.

    RESIDUA_ADMIN_TOKEN=secret npm start
    pip install httpx
    python3 examples/python/train_and_score.py [URL [TOKEN]]
"""

import csv
import sys
from pathlib import Path

from residua import Residua, ResiduaError

EXAMPLES = Path(__file__).parent.parent
MODEL = "machine-python"
url, token = (sys.argv[1:] + ["http://127.0.0.1:3000", "secret"][len(sys.argv) - 1 :])[:2]

with Residua(url, token) as residua:
    # Without options, the service chooses all of them.
    job = residua.train(MODEL, (EXAMPLES / "machine.csv").read_bytes(), timesteps=32, epochs=20)
    job = residua.wait(job["id"], lambda job: print(job["state"], job["progress"]))
    print(f"version {job['version']}, of {job['data']['rows']} rows")

    failure = EXAMPLES / "machine-failure.csv"
    for event in residua.score(MODEL, failure.read_bytes())["events"]:
        print(f"rows {event['start']} to {event['end']}: {event['score']}")

    # Rows as they come: the newest values answered for a row hold.
    with failure.open() as file:
        rows = list(csv.reader(file))[1:]
    batches = (
        {
            "series": [[float(temperature)] for _, temperature in batch],
            "timestamps": [f"{time.replace(' ', 'T')}Z" for time, _ in batch],
        }
        for batch in (rows[start : start + 200] for start in range(0, len(rows), 200))
    )
    scores: list[float | None] = []
    for answer in residua.stream(MODEL, batches):
        scores[answer["timesteps"]["from"] :] = answer["timesteps"]["score"]
    print(len(scores), "timesteps")

    try:
        residua.score(MODEL, {"windows": [[[1, 2]]]})
    except ResiduaError as error:
        print(error)
