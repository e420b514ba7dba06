/** Whose turn it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LookRota } from "../../src/registry/look-rota.js";

test("each version has its turn once in as many looks as there are parts, and no look has more turns than it may", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 50 }), (count, perLook) => {
      const rota = new LookRota(perLook);
      const versions = Array.from({ length: count }, () => ({}));
      const turns = new Map(versions.map((version) => [version, 0]));
      const look = (): number => {
        rota.begin();
        const due = versions.filter((version) => rota.isTurnOf(version));
        for (const version of due) turns.set(version, turns.get(version)! + 1);
        return due.length;
      };
      // Nobody knows yet how many there are.
      assert.equal(look(), count);
      const parts = Math.max(1, Math.ceil(count / perLook));
      for (let part = 0; part < parts; part++) assert.ok(look() <= perLook);
      assert.ok(versions.every((version) => turns.get(version) === 2));
    }),
  );
});
