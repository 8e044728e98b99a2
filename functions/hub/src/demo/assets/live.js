// What goes on under the hood while one looks: the bank's circuits, the reads that are left without the customer, and
// what the hub answers when nobody is there. And how to make the bank fail.

import * as api from "./api.js";
import { byId, el } from "./dom.js";
import { clockWord, dataWord, operationWord, stateWord } from "./words.js";

const EVERY = 1_000;
const READS = 6;

let watched = null;

/** From now on that account is watched, while the panel is open; `null` for none. `all` are those of the connection. */
export function watchAccount(connection, account, all) {
  watched = connection && { ...connection, account: account.account_id, all: all.map((one) => one.account_id) };
  const details = byId("live");
  details.hidden = !watched;
  details.ontoggle = () => details.open && fill();
  if (details.open) fill();
}

function fill() {
  if (!watched) return byId("live-panel").replaceChildren();
  const health = el("div", { id: "live-health", role: "status" });
  const quota = el("div", { id: "live-quota" });
  const answer = el("div", { id: "live-answer", role: "status" });
  byId("live-panel").replaceChildren(
    el("p", { class: "small muted" }, `What the hub knows of ${watched.name}, every second.`),
    health, quota,
    el("div", { class: "actions" },
      button("fail-bank", "Let the bank fail", () => trouble("fails", answer)),
      button("limit-bank", "Let it refuse", () => trouble("limits", answer)),
      button("repair-bank", "Repair the bank", () => repair(answer))),
    el("div", { class: "actions" },
      button("read-attended", `Read ${READS} times`, () => readAttended(answer)),
      button("read-unattended", "Read without me", () => readUnattended(answer))),
    answer);
  look(watched, health, quota);
}

/** Asks how things stand, shows it, and asks again. A panel that is closed or shows another account asks no more. */
async function look(account, health, quota) {
  if (!health.isConnected || !byId("live").open || watched !== account) return;
  try {
    const told = await api.live(account.session, account.account);
    health.replaceChildren(healthList(told.health ?? []));
    quota.replaceChildren(quotaTable(told.quota.kinds ?? []));
  } catch (error) {
    health.replaceChildren(api.problemBox(error));
  }
  setTimeout(() => look(account, health, quota), EVERY);
}

function healthList(circuits) {
  if (circuits.length === 0) return el("p", { class: "box success", "data-testid": "circuits-closed" }, "Every circuit is closed.");
  return el("ul", {}, circuits.map(({ operation, state, retry_at: at }) => el("li", { class: "box failure", "data-testid": "circuit", "data-state": state },
    el("span", { class: "strong block" }, `${operationWord(operation)}: ${stateWord(state)}`),
    at && el("span", { class: "small block" }, `until ${clockWord(at)}`))));
}

function quotaTable(kinds) {
  return el("table", {},
    el("caption", {}, "Reads without you, in 24 hours"),
    el("thead", {}, el("tr", {}, ["Of", "Used", "Left", "Again"].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, kinds.map((line) => el("tr", { "data-testid": "quota", "data-kind": line.kind },
      el("td", {}, dataWord(line.kind)),
      el("td", { class: "number" }, `${line.used} of ${line.limit}`),
      el("td", { class: "number", "data-testid": "left" }, String(line.left)),
      el("td", {}, line.resets_at ? clockWord(line.resets_at) : "")))));
}

function button(id, text, click) {
  return el("button", { type: "button", id, class: "button", click }, text);
}

async function trouble(kind, answer) {
  await showing(answer, async () => {
    await api.makeTrouble(watched.bank, kind);
    return el("p", {}, kind === "fails" ? "From now on balances cannot be read at this bank." : "From now on this bank refuses to tell balances for half a minute each time.");
  });
}

async function repair(answer) {
  await showing(answer, async () => {
    await api.repair();
    return el("p", {}, "The bank works again.");
  });
}

/**
 * Reads several times while the customer is there, one account after the other, and tells what came of each. One account
 * alone would not open a circuit for the others.
 */
async function readAttended(answer) {
  const { session, all } = watched;
  const told = [];
  answer.replaceChildren();
  for (let read = 0; read < READS; read += 1) {
    told.push(await api.balances(session, all[read % all.length]).then(() => "as usual", (error) => error.document?.code ?? "a fault"));
    answer.replaceChildren(el("ol", {}, told.map((word) => el("li", { "data-testid": "read" }, word))));
  }
}

async function readUnattended(answer) {
  await showing(answer, async () => {
    const told = await api.readUnattended(watched.session, watched.account);
    return el("p", { class: "box success", "data-testid": "unattended" }, told.stale
      ? `The last good answer, of ${clockWord(told.as_of)}: the bank could not be asked (${told.stale.code}).`
      : `The bank answered at ${clockWord(told.as_of)}.`);
  });
}

async function showing(answer, work) {
  try {
    answer.replaceChildren(await work());
  } catch (error) {
    answer.replaceChildren(api.problemBox(error));
  }
}
