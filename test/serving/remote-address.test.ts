import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf } from "../../src/serving/remote-address.js";

const of = (remoteAddress?: string) => addressOf({ destroyed: false, remoteAddress });

test("IPv4 counts by address, also within IPv6", () => {
  assert.equal(of("192.0.2.7"), "192.0.2.7");
  assert.equal(of("::ffff:192.0.2.7"), of("192.0.2.7"));
  assert.notEqual(of("192.0.2.7"), of("192.0.2.8"));
});

test("IPv6 counts by its network of 64 bits, however it is shortened", () => {
  assert.equal(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
  assert.equal(of("2001:db8:1:2::9"), of("2001:db8:1:2:3:4:5:6"));
  assert.equal(of("2001:db8::1:2:3:4:5"), "2001:db8:0:1");
  assert.equal(of("::1"), "0:0:0:0");
  assert.notEqual(of("2001:db8:1:3::9"), of("2001:db8:1:2::9"));
});

test("no client, or one without an address, counts as one", () => {
  assert.equal(addressOf(undefined), undefined);
  assert.equal(of(undefined), undefined);
});
