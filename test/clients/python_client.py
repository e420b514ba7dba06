"""What examples/python/residua.py does, against the service at an address, with the admin token."""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "python"))
from residua import Residua, ResiduaError  # noqa: E402

url, token = sys.argv[1:]
rows = [[math.sin(row / 5), math.cos(row / 5)] for row in range(400)]
lines = "sin,cos\n" + "".join(f"{sin},{cos}\n" for sin, cos in rows)
quick = {"timesteps": 8, "units": 4, "epochs": 3, "folds": 1, "linear_path": "off"}


def refusal(call) -> ResiduaError:
    try:
        call()
    except ResiduaError as error:
        return error
    raise AssertionError("nothing was refused")


with Residua(url, token) as residua:
    seen = []
    job = residua.train("waves", lines, **quick)
    job = residua.wait(job["id"], lambda job: seen.append(job["state"]), every=0.05)
    assert (job["state"], job["version"], seen[-1]) == ("done", "1", "done"), job
    # The proxy lost the first request of this job: sent again, it is one job and not two.
    jobs = residua.http.get("/v1/jobs").json()["jobs"]
    assert [(one["model"], one["state"]) for one in jobs] == [("waves", "done")], jobs

    by_json = residua.train("by-json", {"series": rows, "columns": ["sin", "cos"]}, **quick)
    assert residua.wait(by_json["id"], every=0.05)["data"]["rows"] == 400

    tail = residua.score("waves", lines, last=5, include="bounds")["timesteps"]
    assert len(tail["score"]) == len(tail["bounds"]["lower"]) == 5, tail
    windows = residua.score("waves", {"windows": [rows[:8]]}, version="1")["windows"]
    assert math.isfinite(windows[0]["score"])

    whole = residua.score("waves", {"series": rows})["timesteps"]["score"]
    joined: list = []
    for start, end, state in ((0, 150, ""), (150, 400, None)):
        # Two streams, of which the second goes on where the first ended.
        batches = ({"series": rows[at : min(at + 50, end)]} for at in range(start, end, 50))
        for answer in residua.stream("waves", batches, continuation if state is None else state):
            joined[answer["timesteps"]["from"] :] = answer["timesteps"]["score"]
            continuation = answer["continuation"]
    assert joined == whole

    assert refusal(lambda: residua.score("waves", {"windows": [[[1]]]})).code == "SHAPE_MISMATCH"
    failed = refusal(lambda: residua.wait(residua.train("short", "a\n1\n2\n")["id"], every=0.05))
    assert failed.code == "INVALID_DATA", failed
    endless = residua.train("endless", lines, timesteps=16, epochs=100000, patience=0, folds=1)
    residua.cancel(endless["id"])
    assert "cancelled" in str(refusal(lambda: residua.wait(endless["id"], every=0.05)))
