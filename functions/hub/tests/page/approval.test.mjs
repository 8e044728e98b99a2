// When the demo page asks again about an approval. Run: node --test functions/hub/tests/page/

import assert from "node:assert/strict";
import { test } from "node:test";

import { waitingTime } from "../../src/demo/assets/approval.js";

const NOW = Date.parse("2026-03-01T12:00:00Z");

test("the hub is asked when it said", () => {
  assert.equal(waitingTime("2026-03-01T12:00:05.5Z", NOW), 5_500);
});

test("what is due is not asked in a tight loop, nor is anything waited for without end", () => {
  assert.equal(waitingTime("2026-03-01T11:59:00Z", NOW), 1_000);
  assert.equal(waitingTime("2027-03-01T12:00:00Z", NOW), 60_000);
});

test("without a word from the hub it is a few seconds", () => {
  for (const nothing of [undefined, null, "", "soon"]) assert.equal(waitingTime(nothing, NOW), 3_000);
});
