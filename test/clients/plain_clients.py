"""requests and httpx against the native routes of a service with the model `small` (T = 4, F = 2): its URL."""

import gzip
import json
import sys

import httpx
import requests

url = f"{sys.argv[1]}/v1/models/small/score"
rows = [[20 + step % 4, 100_000 + step % 3] for step in range(500)]
body = {"series": rows}

by_requests = requests.Session()
by_httpx = httpx.Client()
answers = []
for client in (by_requests, by_httpx):
    # Both ask for compressed answers by themselves, and decode them.
    response = client.post(url, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-encoding"] in ("gzip", "deflate", "br"), response.headers
    answers.append(response.json())
    identity = client.post(url, json=body, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in identity.headers
    answers.append(identity.json())
    packed = gzip.compress(json.dumps(body).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answers.append(client.post(url, headers=headers, **{"data" if client is by_requests else "content": packed}).json())
    wrong = client.post(url, json={"series": [[1, 2, 3]] * 4})
    assert wrong.status_code in (400, 422), wrong.text
    assert wrong.headers["content-type"].startswith("application/problem+json")
    assert wrong.json()["code"] in ("SHAPE_MISMATCH", "INVALID_REQUEST"), wrong.text
    assert wrong.json()["errors"][0]["path"].startswith("/series/0"), wrong.text
for answer in answers:
    assert answer["timesteps"] == answers[0]["timesteps"] and answer["events"] == answers[0]["events"]

lines = {"accept": "application/x-ndjson"}
with by_requests.post(url, json=body, headers=lines, stream=True) as response:
    of_requests = [json.loads(line) for line in response.iter_lines()]
with by_httpx.stream("POST", url, json=body, headers=lines) as response:
    of_httpx = [json.loads(line) for line in response.iter_lines()]
for found in (of_requests, of_httpx):
    scores = [line["score"] for line in found if "score" in line and "start" not in line]
    assert scores == answers[0]["timesteps"]["score"], scores[:5]
