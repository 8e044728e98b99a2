// Amounts on the demo page. Run: node --test functions/hub/tests/page/

import assert from "node:assert/strict";
import { test } from "node:test";

import { digitsOf, format, show, signedUnits, toUnits } from "../../src/demo/assets/money.js";

test("amounts beyond what a float holds stay exact", () => {
  assert.equal(toUnits("90071992547409.93", 2), 9007199254740993n);
  assert.equal(format(9007199254740993n, 2), "90,071,992,547,409.93");
});

test("every form of decimal text is read", () => {
  for (const [text, units] of [["0", 0n], ["1", 100n], ["1.5", 150n], ["-0.01", -1n], ["007.10", 710n], ["5.", 500n]]) {
    assert.equal(toUnits(text, 2), units, text);
  }
});

test("what is not an amount is refused, not guessed", () => {
  for (const text of ["", "1,5", "1e3", "NaN", " 1", "1.234", "--1", "+1"]) {
    assert.throws(() => toUnits(text, 2), RangeError, text);
  }
});

test("digits follow the finest amount", () => {
  assert.equal(digitsOf(["1", "2.5"]), 2);
  assert.equal(digitsOf(["1.234", "2.5"]), 3);
});

test("a debit is negative", () => {
  assert.equal(signedUnits({ amount: "2.50", credit_debit: "DBIT" }, 2), -250n);
  assert.equal(show({ amount: "1234.5", credit_debit: "DBIT", currency: "EUR" }), "-1,234.50 EUR");
  assert.equal(show({ amount: "0.05", credit_debit: "CRDT", currency: "EUR" }), "0.05 EUR");
});
