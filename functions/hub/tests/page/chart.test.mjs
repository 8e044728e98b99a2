// The axes of the demo page's chart. Run: node --test functions/hub/tests/page/

import assert from "node:assert/strict";
import { test } from "node:test";

import { amountTicks, dayTicks } from "../../src/demo/assets/chart.js";
import { dayOf } from "../../src/demo/assets/history.js";

test("amount ticks are round and enclose every amount", () => {
  assert.deepEqual(amountTicks([12_345n, 98_765n], 2), [0n, 50_000n, 100_000n]);
  assert.deepEqual(amountTicks([-150n, 350n], 2), [-200n, 0n, 200n, 400n]);
});

test("one amount alone has two ticks to lie between", () => {
  assert.deepEqual(amountTicks([10_000n], 2), [10_000n, 10_100n]);
});

test("ticks stay few however large the span", () => {
  for (const span of [1n, 999n, 10n ** 12n, 10n ** 18n]) {
    const ticks = amountTicks([-span, span * 3n], 2);
    assert.ok(ticks.length >= 2 && ticks.length <= 7, `${span}: ${ticks.length}`);
    assert.ok(ticks[0] <= -span && ticks.at(-1) >= span * 3n);
  }
});

test("a long time is marked by months, January with its year", () => {
  const labels = dayTicks(dayOf("2025-11-20"), dayOf("2026-02-10"), 10).map(({ text }) => text);
  assert.deepEqual(labels, ["Dec", "Jan 2026", "Feb"]);
});

test("a short time is marked by days", () => {
  const labels = dayTicks(dayOf("2026-03-01"), dayOf("2026-03-11"), 6).map(({ text }) => text);
  assert.deepEqual(labels, ["1 Mar", "3 Mar", "5 Mar", "7 Mar", "9 Mar", "11 Mar"]);
});

test("labels never crowd", () => {
  assert.ok(dayTicks(dayOf("2020-01-01"), dayOf("2026-01-01"), 5).length <= 5);
});
