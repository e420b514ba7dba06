import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { createWorkplace, writeWaves } from "./residua-process.js";

const QUICK = ["--timesteps", "8", "--units", "8", "--epochs", "3"];

test("what fails says so in one sentence, with status 1, and publishes nothing", async (t) => {
  const { write, residua, models } = await createWorkplace(t);
  await write("bad.csv", "a,Pressure\n1,2\n3,abc\n");
  await write("short.csv", "a\n1\n2\n3\n");
  await write("waves.csv", writeWaves(300));
  await write(
    "huge.csv",
    `a\n${Array.from({ length: 200 }, (_, row) => (row % 2 ? 1e30 : -1e30)).join("\n")}\n`,
  );
  const failures: [string[], RegExp][] = [
    [
      ["bad.csv"],
      /^bad\.csv line 3, column "Pressure": "abc" is not a number \(--missing abc takes .*\)\.\n$/,
    ],
    [
      ["short.csv", "--timesteps", "32"],
      /^The longest series has 3 rows, too few for one window of 32; take fewer --timesteps\.\n$/,
    ],
    [["short.csv"], /^There are too few normal rows to choose a window length by .*--timesteps\.\n$/],
    [["nowhere.csv"], /^There is no file nowhere\.csv\.\n$/],
    [
      ["waves.csv", "--columns", "tan"],
      /^waves\.csv has no column "tan"; it has "timestamp", "sin", "cos"\.\n$/,
    ],
    [
      ["waves.csv", "--rows", "500:600"],
      /^waves\.csv has 300 rows of data, none of them from row 500 on\.\n$/,
    ],
    [
      ["huge.csv", "--scaler", "none", ...QUICK, "--activation", "relu", "--linear-path", "off"],
      /Training diverged in epoch 1: .*nothing is published.*\n$/,
    ],
  ];
  for (const [args, sentence] of failures) {
    const { status, err } = await residua(["train", ...args, "--name", "x"]);
    assert.match(err, sentence);
    assert.equal(status, 1);
  }
  assert.ok(!existsSync(models));
});

test("wrong usage is told in one sentence, with status 2", async (t) => {
  const { write, residua } = await createWorkplace(t);
  const csv = await write("ramp.csv", "value\n0.1\n0.2\n0.3\n");
  const wrong: [string[], RegExp][] = [
    [["train", csv], /^Required option '--name <name>' not specified\.\n$/],
    [["train", "--name", "x"], /^Missing required argument 'files'\.\n$/],
    [
      ["train", csv, "--name", "x", "--epochs", "0"],
      /'--epochs <count>' argument '0' is invalid\. It has to be a whole number of at least 1\.\n$/,
    ],
    [
      ["train", csv, "--name", "x", "--slow-trend", "0"],
      /'--slow-trend <size>' argument '0' is invalid\. It has to be a number above 0\.\n$/,
    ],
    [
      ["train", csv, "--name", "x", "--amplitude", "1"],
      /'--amplitude <most>' argument '1' is invalid\. It has to be a number above 1\.\n$/,
    ],
    [["train", csv, "--name", "x", "--epoch", "3"], /^Unknown option '--epoch'\.\n$/],
    [["train", csv, "--name", "X!"], /^--name "X!" cannot be the name of a model/],
    [["train", csv, "--name", "x", "--family", "lstm"], /Allowed choices are reconstruction, prediction/],
    [
      ["train", csv, "--name", "x", "--family", "dense", "--horizon", "3"],
      /^--horizon needs a prediction head/,
    ],
    [
      ["train", csv, "--name", "x", "--family", "dense", "--reverse"],
      /^Reverse needs a recurrent reconstruction decoder/,
    ],
    [
      ["train", csv, "--name", "x", "--validation", "0.5", "--calibration", "0.5"],
      /^--validation and --calibration together/,
    ],
    [
      ["train", csv, "--name", "x", "--folds", "3", "--calibration", "0.2"],
      /^--folds and --calibration are two ways to set the threshold/,
    ],
    [
      ["train", csv, "--name", "x", "--linear-path", "0.5", "--family", "composite"],
      /^--linear-path needs a network that only reconstructs, .*family composite has a prediction head/,
    ],
    [
      ["train", csv, "--name", "x", "--linear-path", "1"],
      /argument '1' is invalid\. It has to be a share above 0 and below 1, or off\.\n$/,
    ],
    [
      ["train", csv, "--name", "x", "--timesteps", "0"],
      /argument '0' is invalid\. It has to be a whole number of at least 1, or auto\.\n$/,
    ],
    [["trian", csv], /^Unknown command 'trian'\.\n$/],
    [["score", csv], /^Required option '--model <name>' not specified\.\n$/],
  ];
  for (const [args, sentence] of wrong) {
    const { status, out, err } = await residua(args);
    assert.match(err, sentence);
    assert.equal(err.trim().split("\n").length, 1, err);
    assert.equal(status, 2, args.join(" "));
    assert.equal(out, "");
  }
  const help = await residua(["train", "--help"]);
  assert.equal(help.status, 0);
  assert.match(help.out, /--false-alarm-rate <share>/);
  assert.equal((await residua([])).status, 2);
});
