import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findJsonFault } from "../../src/http/json-fault.js";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("a fault says where, what was found and what was expected", () => {
  assert.deepEqual(findJsonFault('{"windows":\n  [[1,\n 2,,3]]}'), {
    position: 22,
    line: 3,
    column: 4,
    reason: 'found "," where a value was expected',
    pointer: "/windows/0/2",
  });
  for (const [text, position, reason] of [
    ["", 0, "found the end where a value was expected"],
    ["[1", 2, 'found the end where a comma or "]" was expected'],
    ['{"a":1', 6, 'found the end where a comma or "}" was expected'],
    ["[1}", 2, 'found "}" where a comma or "]" was expected'],
    ["{a:1}", 1, 'found "a" where a key in double quotes was expected'],
    ['{"a" 1}', 5, 'found "1" where a colon was expected'],
    ["[NaN]", 1, "NaN is not JSON: send null for a missing reading"],
    ["[1,-Infinity]", 3, "-Infinity is not JSON: send null for a missing reading"],
    ["[None]", 1, "None is not JSON: send null for a missing reading"],
    ["[Nano]", 1, 'found "N" where a value was expected'],
    ["[-]", 2, 'found "]" where a digit was expected'],
    ["[1.]", 3, 'found "]" where a digit was expected'],
    ["[1e]", 3, 'found "]" where a digit was expected'],
    ["[01]", 2, 'found "1" where a comma or "]" was expected'],
    ["[1,]", 3, 'found "]" where a value was expected'],
    ['{"a":1,}', 7, 'found "}" where a key in double quotes was expected'],
    ['["ab', 4, "found the end where the rest of a string was expected"],
    ['["\\x"]', 3, 'found "x" where the rest of a string was expected'],
    ["1 2", 2, 'found "2" where the end was expected'],
    ["[\u{1f600}]", 1, 'found "\u{1f600}" where a value was expected'],
  ] as const) {
    const fault = findJsonFault(text);
    assert.equal(fault?.position, position, text);
    assert.equal(fault?.reason, reason, text);
  }
});

test("a fault has a pointer to the value that it is in, where that is not very deep", () => {
  for (const [text, pointer] of [
    ["", ""],
    ['{"series":[[1,2],[3,NaN]]}', "/series/1/1"],
    ['{"a":[[1],2],"b/c~":[0,[], x]}', "/b~1c~0/2"],
    ['{"a":{"b":1,}}', "/a"],
    ['{"a":{"b":1 "c":2}}', "/a/b"],
    ["[".repeat(8), "/0".repeat(8)],
    ["[".repeat(9), undefined],
  ] as const) {
    assert.equal(findJsonFault(text)?.pointer, pointer, text);
  }
});

test("it agrees with JSON.parse on what is JSON", () => {
  const almostJson = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom("", ",", "]", "}", '"', "0", "\\", "e", "-", ":", "\n", "\u0000", "t"),
    )
    .map(([text, at, extra]) => {
      const position = at % (text.length + 1);
      return text.slice(0, position) + extra + text.slice(position + 1);
    });
  for (const texts of [fc.json(), almostJson, fc.string()]) {
    fc.assert(
      fc.property(texts, (text) => assert.equal(findJsonFault(text) === undefined, isJson(text))),
      {
        numRuns: 2000,
      },
    );
  }
});

test("neither depth nor length is too much for it", () => {
  assert.equal(findJsonFault("[".repeat(1_000_000))?.position, 1_000_000);
  assert.equal(findJsonFault(`${"[".repeat(500_000)}${"]".repeat(500_000)}`), undefined);
  assert.equal(findJsonFault(`"${"a".repeat(5_000_000)}`)?.position, 5_000_001);
  assert.equal(findJsonFault(`[${" ".repeat(5_000_000)}x`)?.position, 5_000_001);
});
