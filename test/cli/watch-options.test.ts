/** Values of the options of `watch`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  address,
  durationOrNone,
  featureQuery,
  labelPair,
  seconds,
  several,
  webhookAddress,
} from "../../src/cli/watch-options.js";
import { InputError } from "../../src/errors.js";

function refuses(parse: (text: string) => unknown, message: RegExp, ...texts: string[]): void {
  for (const text of texts) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof InputError && message.test(error.message),
      text,
    );
  }
}

test("the first equals sign parts a feature from its query", () => {
  assert.deepEqual(featureQuery('flow = rate(x{a="b=c"}[5m])'), {
    feature: "flow",
    promql: 'rate(x{a="b=c"}[5m])',
  });
  refuses(featureQuery, /such as "flow=rate/, "flow", "=x", "flow=", " = x", "");
});

test("a label is one of Prometheus's, and none that scores have by themselves", () => {
  assert.deepEqual(labelPair("site=a=b c"), ["site", "a=b c"]);
  refuses(labelPair, /such as "site=north"/, "site", "site=", "1a=b", "a-b=c", "__name__=x", "=x");
  refuses(labelPair, /set by the program/, "model=x", "feature=x");
});

test("an address is of the web, and holds no credentials", () => {
  assert.equal(address("http://Host:9090/prometheus/"), "http://host:9090/prometheus");
  assert.equal(webhookAddress("https://host/a?key=1"), "https://host/a?key=1");
  refuses(address, /begins with http/, "host", "ftp://host", "http://host?a=b", "http://host#a", "");
  refuses(address, /credentials/, "http://me:secret@host", "http://me@host");
  refuses(webhookAddress, /without credentials/, "host", "file:///etc", "https://me:secret@host");
});

test("times", () => {
  assert.deepEqual(
    [seconds("1m"), durationOrNone("0"), durationOrNone("0s"), durationOrNone("5s")],
    [60_000, 0, 0, 5000],
  );
  refuses(seconds, /a second or more/, "1ms", "999ms");
  refuses(durationOrNone, /length of time/, "", "soon", "-1s");
});

test("an option that is named several times keeps all of its values in order", () => {
  const parse = several(labelPair);
  assert.deepEqual(parse("a=1", parse("b=2")), [
    ["b", "2"],
    ["a", "1"],
  ]);
});
