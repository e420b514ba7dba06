"""A client for Residua with httpx: train a model by request, wait for it, score with it, once or in a stream."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator

import httpx


class ResiduaError(Exception):
    """What the service refused, or why a job failed. The message says what was wrong, where, and what to do."""

    def __init__(self, problem: dict):
        super().__init__(f"{problem.get('code')}: {problem.get('detail')}")
        self.code = problem.get("code")
        self.status = problem.get("status")
        self.problem = problem


class Residua:
    """
    url: where the service answers.
    token: a bearer token; training and jobs need that of RESIDUA_ADMIN_TOKEN.
    retries: how often a request is sent again that the service refused for now, or did not answer.
    """

    def __init__(self, url: str = "http://127.0.0.1:3000", token: str | None = None, retries: int = 5):
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=60)
        self.retries = retries

    def __enter__(self) -> "Residua":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def train(self, model: str, data: dict | str | bytes, content_type: str = "text/csv", **options: object) -> dict:
        """
        Orders a training on data of normal operation and returns the job, which runs on the service.

        data: a file, or a dict with "series" and, where there are any, "columns", "timestamps", "labels".
        options: those of `train` by their long names, with _ for -: group_column="machine".
        """
        params = {name.replace("_", "-"): value for name, value in options.items()}
        # With a key, the request can be sent again without a second job.
        headers = {"idempotency-key": str(uuid.uuid4())}
        return self._post(f"/v1/models/{model}/versions", data, content_type, params, headers)

    def wait(self, job_id: str, on_progress: Callable[[dict], object] = lambda job: None, every: float = 1) -> dict:
        """
        Waits until a job is done and returns it, with the "version" that it became. Raises ResiduaError where it failed.

        every: seconds between two looks at the job, each of which on_progress is called with.
        """
        while True:
            job = self._send("GET", f"/v1/jobs/{job_id}")
            on_progress(job)
            if job["state"] == "done":
                return job
            if job["endedAt"] is not None:
                raise ResiduaError(job["problem"] or {"detail": f"The job {job_id} is {job['state']}."})
            time.sleep(every)

    def cancel(self, job_id: str) -> dict:
        """Stops a job; what it has learnt is dropped."""
        return self._send("DELETE", f"/v1/jobs/{job_id}", can_repeat=False)

    def score(self, model: str, data: dict | str | bytes, content_type: str = "text/csv", **params: object) -> dict:
        """
        Scores a series.

        data: a file, or the body of a JSON request with "series" or "windows".
        params: version or alias; for a file also last, include and so on, as docs/http.md lists them.
        """
        return self._post(f"/v1/models/{model}/score", data, content_type, params, {})

    def stream(self, model: str, batches: Iterable[dict], continuation: str = "", **request: object) -> Iterator[dict]:
        """
        Scores a series that goes on, with an answer to each batch of rows.

        The first batch has at least a window of rows, those after it one or more. An answer begins at row
        timesteps["from"] of the stream; its first timesteps["final"] timesteps will not change, and the others are
        answered again with the next batch. The "continuation" of the last answer goes on with the stream later.

        batches: dicts with "series" and, where there are any, "timestamps".
        request: members of the JSON request that hold for the whole stream, such as include or threshold.
        """
        for batch in batches:
            answer = self.score(model, {**request, **batch, "continuation": continuation})
            continuation = answer["continuation"]
            yield answer

    def _post(self, path: str, data: dict | str | bytes, content_type: str, params: dict, headers: dict) -> dict:
        if isinstance(data, dict):
            return self._send("POST", path, json=data, params=params, headers=headers)
        headers = {**headers, "content-type": content_type}
        return self._send("POST", path, content=data, params=params, headers=headers)

    def _send(self, method: str, path: str, can_repeat: bool = True, **request: object) -> dict:
        """The JSON of an answer. Waits as long as the service says where it has no room or is not ready."""
        for left in range(self.retries, -1, -1):
            try:
                response = self.http.request(method, path, **request)
            except httpx.TransportError:
                if left == 0 or not can_repeat:
                    raise
                time.sleep(1)
                continue
            if response.status_code not in (429, 503) or left == 0:
                break
            time.sleep(float(response.headers.get("retry-after", 1)))
        if response.is_error:
            is_problem = response.headers.get("content-type", "").startswith("application/problem+json")
            answer = response.json() if is_problem else {"status": response.status_code, "detail": response.text}
            raise ResiduaError(answer)
        return response.json()
