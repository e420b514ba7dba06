"""Scores windows with a running Residua in the binary form of the Open Inference Protocol, for programs with much data."""

import functools
import json
import os

import numpy as np
import pyarrow as pa
import requests
from urllib3.util import Retry

# At most so many windows go into one request, and about so many bytes.
REQUEST_WINDOWS = 1024
REQUEST_BYTES = 4 << 20
NUMPY = {"FP32": "<f4", "FP64": "<f8", "BOOL": "?"}


class Model:
    """
    A model of a service.

    url: where the service answers. Its token, where it has one, is the environment variable RESIDUA_API_TOKEN.
    features: the names of the readings in a row, in the model's order.
    timesteps: the rows of a window.
    """

    def __init__(self, url: str, name: str):
        self.http = requests.Session()
        # A service that has no room (429) or is not ready (503) says how long to wait.
        patience = Retry(total=30, status_forcelist=(429, 503), allowed_methods=None, backoff_factor=0.2)
        self.http.mount(url, requests.adapters.HTTPAdapter(max_retries=patience))
        if token := os.environ.get("RESIDUA_API_TOKEN"):
            self.http.headers["authorization"] = f"Bearer {token}"
        self.url = f"{url}/v2/models/{name}"
        description = self._checked(self.http.get(self.url)).json()
        [windows] = description["inputs"]
        self.timesteps = windows["shape"][1]
        self.features = [feature["name"] for feature in windows["parameters"]["features"]]
        self.datatype = windows["datatype"]
        # A model without a threshold has no verdicts.
        names = {output["name"] for output in description["outputs"]} & {"score", "anomalous"}
        self.outputs = [{"name": name, "parameters": {"binary_data": True}} for name in sorted(names)]

    def score(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """
        The scores of all windows of a series, by the window's last row: "score" and, where the model has a threshold,
        "anomalous", [rows - timesteps + 1] each.

        rows: the readings, [rows][features]; NaN where one is missing.
        """
        rows = rows.astype(NUMPY[self.datatype])
        windows = np.lib.stride_tricks.sliding_window_view(rows, self.timesteps, axis=0).swapaxes(1, 2)
        step = min(REQUEST_WINDOWS, max(1, REQUEST_BYTES // windows[0].nbytes))
        answers = [self._infer(windows[at : at + step]) for at in range(0, len(windows), step)]
        return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}

    def _infer(self, windows: np.ndarray) -> dict[str, np.ndarray]:
        data = windows.tobytes()
        tensor = {"name": "windows", "datatype": self.datatype, "shape": windows.shape}
        tensor["parameters"] = {"binary_data_size": len(data)}
        header = json.dumps({"inputs": [tensor], "outputs": self.outputs}).encode()
        headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(header))}
        response = self._checked(self.http.post(f"{self.url}/infer", data=header + data, headers=headers))
        at = int(response.headers["inference-header-content-length"])
        answer = {}
        for output in json.loads(response.content[:at])["outputs"]:
            size = output["parameters"]["binary_data_size"]
            answer[output["name"]] = np.frombuffer(response.content[at : at + size], NUMPY[output["datatype"]])
            at += size
        return answer

    @staticmethod
    def _checked(response: requests.Response) -> requests.Response:
        if not response.ok:
            raise RuntimeError(f"{response.url} answered {response.status_code}: {response.text}")
        return response


# A process that scores one series after the other makes one connection.
connect = functools.lru_cache(Model)


def score_series(table: pa.Table, url: str, model: str, series: str, time: str) -> pa.Table:
    """
    The windows of one series, in the order of its column `time`: `series`, `time`, `score` and `anomalous` of each, by its
    last row. Windows do not look at gaps in time. A series shorter than a window has none.
    """
    connected = connect(url, model)
    table = table.sort_by(time)
    last = table.select([series, time]).slice(connected.timesteps - 1)
    if len(last) == 0:
        scored = {"score": pa.array([], pa.float32()), "anomalous": pa.array([], pa.bool_())}
    else:
        columns = [table[name].cast(pa.float64()).fill_null(np.nan).to_numpy() for name in connected.features]
        scores = connected.score(np.column_stack(columns))
        verdicts = scores.get("anomalous")
        scored = {
            "score": pa.array(scores["score"], pa.float32()),
            "anomalous": pa.nulls(len(last), pa.bool_()) if verdicts is None else pa.array(verdicts, pa.bool_()),
        }
    return pa.table({series: last[series], time: last[time], **scored})
