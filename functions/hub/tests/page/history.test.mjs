// The balance over time on the demo page. Run: node --test functions/hub/tests/page/

import assert from "node:assert/strict";
import { test } from "node:test";

import { balanceHistory, bookedBalance, dateOf, unitsOn } from "../../src/demo/assets/history.js";

const booked = { type: "CLBD", amount: "100.00", credit_debit: "CRDT", currency: "EUR", reference_date: "2026-03-10" };
const entry = (day, amount, direction = "DBIT") =>
  ({ status: "BOOK", booking_date: day, amount, credit_debit: direction, currency: "EUR" });
const told = ({ points }) => points.map(({ day, units }) => [dateOf(day), units]);

test("balances are worked out backwards from the booked one", () => {
  const history = balanceHistory(booked, [entry("2026-03-10", "10.00"), entry("2026-03-08", "5.00", "CRDT")], "2026-03-01");
  assert.deepEqual(told(history), [["2026-03-01", 10500n], ["2026-03-08", 11000n], ["2026-03-10", 10000n]]);
});

test("several bookings of one day make one step", () => {
  const history = balanceHistory(booked, [entry("2026-03-09", "1.00"), entry("2026-03-09", "2.00")], "2026-03-01");
  assert.deepEqual(told(history), [["2026-03-01", 10300n], ["2026-03-09", 10000n], ["2026-03-10", 10000n]]);
});

test("what was booked after the closing balance is counted forwards", () => {
  const history = balanceHistory(booked, [entry("2026-03-11", "30.00")], "2026-03-01");
  assert.deepEqual(told(history), [["2026-03-01", 10000n], ["2026-03-10", 10000n], ["2026-03-11", 7000n]]);
});

test("a list with more to load reaches back to its oldest day and no further", () => {
  const history = balanceHistory(booked, [entry("2026-03-10", "10.00"), entry("2026-03-08", "5.00")]);
  assert.deepEqual(told(history), [["2026-03-08", 11000n], ["2026-03-10", 10000n]]);
});

test("a list with more to load that does not run from new to old tells nothing", () => {
  assert.equal(balanceHistory(booked, [entry("2026-03-08", "5.00"), entry("2026-03-10", "10.00")]), null);
});

test("pending transactions do not count", () => {
  const pending = { ...entry("2026-03-10", "10.00"), status: "PDNG" };
  assert.deepEqual(told(balanceHistory(booked, [pending], "2026-03-01")), [["2026-03-01", 10000n], ["2026-03-10", 10000n]]);
});

test("without a day to start from there is no history", () => {
  assert.equal(balanceHistory({ ...booked, reference_date: undefined }, [], "2026-03-01"), null);
});

test("finer amounts keep their digits", () => {
  const history = balanceHistory(booked, [entry("2026-03-10", "0.001")], "2026-03-01");
  assert.equal(history.digits, 3);
  assert.deepEqual(told(history), [["2026-03-01", 100001n], ["2026-03-10", 100000n]]);
});

test("a day between two changes has the balance of the earlier", () => {
  const { points } = balanceHistory(booked, [entry("2026-03-10", "10.00")], "2026-03-01");
  assert.equal(unitsOn(points, points[0].day + 3), 11000n);
  assert.equal(unitsOn(points, points.at(-1).day), 10000n);
});

test("the booked balance is the account's own currency's", () => {
  const dollars = { ...booked, currency: "USD" };
  const interim = { ...booked, type: "ITBD" };
  assert.equal(bookedBalance([dollars, interim, booked], "EUR"), booked);
  assert.equal(bookedBalance([dollars, interim], "EUR"), interim);
  assert.equal(bookedBalance([dollars], "EUR"), undefined);
});
