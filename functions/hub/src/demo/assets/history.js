// The balance at the end of each day, worked out backwards from the booked balance.

import { digitsOf, signedUnits } from "./money.js";

const DAY = 86_400_000;

/** A civil date (YYYY-MM-DD) as a count of days, and back. */
export const dayOf = (date) => Date.parse(`${date}T00:00:00Z`) / DAY;
export const dateOf = (day) => new Date(day * DAY).toISOString().slice(0, 10);

/** The booked balance that history starts from: the closing one if the bank tells it, else the interim one. */
export function bookedBalance(balances, currency) {
  const own = balances.filter((balance) => balance.currency === currency);
  return own.find((balance) => balance.type === "CLBD") ?? own.find((balance) => balance.type === "ITBD");
}

/**
 * Points `{day, units}`, oldest first, one for each day on which the balance changed, as far back as the transactions
 * let us know it for sure. `since` is the first day of a complete list; without it the list goes on further back, and
 * then it must run from new to old, or the gap could be anywhere: `null`.
 */
export function balanceHistory(booked, transactions, since) {
  const counted = transactions.filter((entry) => entry.status === "BOOK" && entry.booking_date);
  const days = counted.map((entry) => dayOf(entry.booking_date));
  if (!since && days.some((day, at) => at > 0 && day > days[at - 1])) return null;
  const digits = digitsOf([booked.amount, ...counted.map((entry) => entry.amount)]);
  const changes = changesByDay(counted, digits);
  const anchor = booked.reference_date ? dayOf(booked.reference_date) : Math.max(...days);
  if (!Number.isFinite(anchor)) return null;
  return { digits, points: walk(changes, anchor, signedUnits(booked, digits), since ? dayOf(since) : null) };
}

function changesByDay(transactions, digits) {
  const changes = new Map();
  for (const entry of transactions) {
    const day = dayOf(entry.booking_date);
    changes.set(day, (changes.get(day) ?? 0n) + signedUnits(entry, digits));
  }
  return changes;
}

/** From the anchor, whose balance is known, forwards to what was booked later and backwards to the oldest day. */
function walk(changes, anchor, units, since) {
  const days = [...changes.keys()].sort((a, b) => a - b);
  const later = days.filter((day) => day > anchor);
  const earlier = days.filter((day) => day <= anchor).reverse();
  const points = [{ day: anchor, units }];
  for (const day of later) points.push({ day, units: points.at(-1).units + changes.get(day) });
  for (const day of earlier) {
    if (day < points[0].day) points.unshift({ day, units });
    units -= changes.get(day);
  }
  if (since !== null && since < points[0].day) points.unshift({ day: since, units });
  return points;
}

/** The balance at the end of any day that the points cover. */
export function unitsOn(points, day) {
  let found = points[0].units;
  for (const point of points) if (point.day <= day) found = point.units;
  return found;
}
