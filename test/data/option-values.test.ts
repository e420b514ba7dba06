import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cellList,
  choice,
  decimalMark,
  delimiter,
  finiteNumber,
  nameList,
  numberAbove1,
  numberList,
  positiveNumber,
  rate,
  rowRange,
  share,
  wholeNumber,
} from "../../src/data/option-values.js";
import { InputError } from "../../src/errors.js";

test("what is typed becomes what it says", () => {
  assert.equal(wholeNumber(1)("32"), 32);
  assert.equal(positiveNumber("1e-3"), 0.001);
  assert.equal(numberAbove1("1.5"), 1.5);
  assert.equal(finiteNumber("-.5"), -0.5);
  assert.equal(share("0"), 0);
  assert.equal(rate("0.01"), 0.01);
  assert.deepEqual(rowRange("0:400"), { from: 0, to: 400 });
  assert.deepEqual(rowRange("400:"), { from: 400, to: Number.POSITIVE_INFINITY });
  assert.deepEqual(rowRange(":400"), { from: 0, to: 400 });
  assert.deepEqual(nameList("Flow Rate, b"), ["Flow Rate", "b"]);
  assert.deepEqual(nameList('"temp, degC",flow, "a ""b"" c"'), ["temp, degC", "flow", 'a "b" c']);
  assert.deepEqual(cellList("-9999,Bad,Bad"), ["-9999", "Bad", "Bad"]);
  assert.deepEqual(numberList("-999, 1e30"), [-999, 1e30]);
  assert.equal(decimalMark(","), ",");
  assert.equal(delimiter("tab"), "\t");
  assert.equal(delimiter(";"), ";");
  assert.equal(choice("kind", "", ["a", "b"], "a").parse("b"), "b");
});

test("what cannot be meant is refused", () => {
  const refused: [(text: string) => unknown, string[]][] = [
    [wholeNumber(1, 10), ["0", "11", "1.5", "1e3", "", "-1", "0x1", "ten"]],
    [positiveNumber, ["0", "-1", "", "NaN", "Infinity", "1e999", "0x10"]],
    [numberAbove1, ["1", "0.5", "-2", "", "two", "1e999"]],
    [finiteNumber, ["", "one", "1e999"]],
    [share, ["1", "-0.1", "", "10%"]],
    [rate, ["0", "1", "2"]],
    [rowRange, [":", "400", "5:5", "9:1", "a:b", "-1:5"]],
    [nameList, ["", "a,,b", "a,b,a"]],
    [cellList, ["", "a,,b", ",a", "a,"]],
    [numberList, ["", "1,x"]],
    [decimalMark, ["", ";", ".,"]],
    [delimiter, ["", "ab", '"', "\n"]],
    [choice("kind", "", ["a", "b"], "a").parse, ["", "A", "a,b"]],
  ];
  for (const [parse, texts] of refused) {
    for (const text of texts) {
      assert.throws(() => parse(text), InputError, `${parse.name} ${JSON.stringify(text)}`);
    }
  }
});
