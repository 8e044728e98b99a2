// The customer's banks: the list at the side, and the head of the one that is open.

import { bankMark } from "./banks.js";
import { byId, el } from "./dom.js";
import { dayWord, endWord, reasonWord, statusWord } from "./words.js";

/** Fills the list; `onOpen(connection)` is called with the one that is chosen. */
export function showConnections(connections, open, onOpen) {
  byId("connected").hidden = connections.length === 0;
  byId("connections").replaceChildren(...connections.map((connection) => connectionRow(connection, open, onOpen)));
}

function connectionRow(connection, open, onOpen) {
  const isOpen = connection.session === open?.session;
  const until = connection.consent?.valid_until;
  return el("li", { "data-testid": "connection" },
    el("button", { type: "button", class: "card row", "aria-current": isOpen && "true", click: () => onOpen(connection) },
      bankMark(connection.name),
      el("span", { class: "grow" },
        el("span", { class: "strong block" }, connection.name),
        until && el("span", { class: "small muted block" }, `Consent until ${dayWord(until)}`),
        badge(connection.status))));
}

function badge(status) {
  const tone = { active: "good", renewal_required: "bad", unknown: "bad" }[status] ?? "waiting";
  return el("span", { class: `badge ${tone}` }, statusWord(status));
}

/** The head of the open connection with what can be done to it. */
export function connectionHead(connection, { onRenew, onDisconnect }) {
  const renewable = ["active", "renewal_required"].includes(connection.status);
  return el("div", { class: "head" },
    bankMark(connection.name),
    el("div", { class: "grow" },
      el("h2", { id: "detail-title", tabindex: "-1" }, connection.name),
      el("p", { class: "muted", id: "consent-end" }, ...longEnd(connection))),
    el("div", { class: "actions" },
      renewable && el("button", { type: "button", id: "renew", class: "button", click: onRenew }, "Renew consent"),
      el("button", { type: "button", id: "disconnect", class: "button danger", click: onDisconnect }, "Disconnect")));
}

function longEnd({ status, reason, consent, ends, pending }) {
  const parts = [statusWord(status)];
  if (reason) parts.push(reasonWord(reason));
  if (consent?.valid_until) parts.push(`Consent until ${dayWord(consent.valid_until)}`);
  if (consent && endsEarlier(ends?.first, consent)) {
    parts.push(`first to end is ${endWord(ends.first.what)}, on ${dayWord(ends.first.at)}`);
  }
  if (pending && status === "active") parts.push("a renewal is waiting for you at the bank");
  return [parts.join(" · ")];
}

/** Whether something else ends on a day before the consent does. */
function endsEarlier(first, consent) {
  return first && first.what !== "consent" && !(consent.valid_until <= first.at.slice(0, 10));
}

/** What stands in place of accounts while there are none to see. */
export function withoutAccounts({ status }) {
  const text = {
    awaiting_psu: "If you have closed the bank's page, disconnect and connect again.",
    confirming: "This takes a moment; look again shortly.",
    awaiting_activation: "If you have closed the page, disconnect and connect again.",
    renewal_required: "Renew your consent to see your accounts again.",
    ending: "The hub no longer uses this connection and is telling the bank so.",
  }[status];
  return el("p", { class: "box" }, text ?? "Nothing can be shown for this connection now.");
}
