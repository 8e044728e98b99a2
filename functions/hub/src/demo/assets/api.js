// Calls to this company's own server, and how a refusal is shown.

import { el } from "./dom.js";
import { adviceWord } from "./words.js";

/** A refusal, as the server described it (RFC 9457). */
export class Problem extends Error {
  constructor(document) {
    super(document.title);
    this.document = document;
  }
}

const base = "/demo/api";
const session = (id) => `${base}/connections/${encodeURIComponent(id)}`;
const account = (id, name) => `${session(id)}/accounts/${encodeURIComponent(name)}`;

export const overview = () => call("GET", `${base}/overview`);
export const switchCustomer = (customer) => call("POST", `${base}/customer`, { customer });
export const connect = (bank, name) => call("POST", `${base}/connections`, { bank, ...named(name) });
export const renew = (id, name) => call("POST", `${session(id)}/renewal`, named(name));
export const approval = (id) => call("POST", `${session(id)}/approval`);
export const disconnect = (id) => call("DELETE", session(id));
export const accounts = (id) => call("GET", `${session(id)}/accounts`);
export const balances = (id, name) => call("GET", `${account(id, name)}/balances`);
export const transactions = (id, name, query) => call("GET", `${account(id, name)}/transactions?${new URLSearchParams(query)}`);
export const live = (id, name) => call("GET", `${account(id, name)}/live`);
export const readUnattended = (id, name) => call("POST", `${account(id, name)}/live`);
export const makeTrouble = (bank, trouble) => call("POST", `${base}/trouble`, { bank, trouble });
export const repair = () => call("DELETE", `${base}/trouble`);
export const incidents = () => call("GET", `${base}/incidents`);
export const playIncident = (name, bank) => call("POST", `${base}/incidents`, { name, bank });
export const endIncidents = () => call("DELETE", `${base}/incidents`);

/** How the customer is called at the bank, where it wants to know. */
const named = (name) => (name ? { name_at_bank: name } : {});

async function call(method, path, body) {
  const json = body ? { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : {};
  const answer = await fetch(path, { method, ...json }).catch(() => null);
  const document = await answer?.json().catch(() => null);
  if (answer?.status === 401) return reload();
  if (!answer?.ok || document === null) throw new Problem(document ?? silence);
  return document;
}

const silence = { title: "The server does not answer", code: "no_answer", next_action: "retry_now" };

/** The server has forgotten this browser: the page signs it in again. Never settles, as the page goes away. */
function reload() {
  location.reload();
  return new Promise(() => {});
}

/** A box that tells what went wrong, by which code to ask about it, and what to do next. */
export function problemBox(error, retry) {
  if (!(error instanceof Problem)) console.error(error);
  const told = error instanceof Problem ? error.document : { title: "This page has a fault", code: "page_fault" };
  const advice = adviceWord(told.next_action);
  return el("div", { class: "box failure", role: "alert", "data-testid": "problem" },
    el("p", { class: "strong" }, told.title ?? "That did not work"),
    advice && el("p", {}, advice),
    el("p", { class: "small muted" }, "Code ", el("code", {}, told.code ?? "unknown"),
      told.next_action && [" · next ", el("code", {}, told.next_action)],
      told.request_id && [" · request ", el("code", {}, told.request_id)]),
    retry && el("button", { type: "button", class: "button", click: retry }, "Try again"));
}
