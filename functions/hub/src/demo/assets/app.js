// The page: what the customer has connected, and how to connect, look and disconnect.

import { accountCards, accountPanel } from "./accounts.js";
import * as api from "./api.js";
import { approvalPanel } from "./approval.js";
import { freezeBanks, nameAtBank, showBanks } from "./banks.js";
import { connectionHead, showConnections, withoutAccounts } from "./connections.js";
import { askToDisconnect } from "./disconnect.js";
import { byId, el } from "./dom.js";
import { offerIncidents } from "./incidents.js";
import { watchAccount } from "./live.js";
import { adviceWord } from "./words.js";

let overview = null;
let open = null;

/** Reads everything anew. The connection that was open stays open, or the one that a notice speaks of opens. */
async function refresh() {
  byId("main").setAttribute("aria-busy", "true");
  try {
    overview = await api.overview();
    nameConnections();
    showCustomers();
    showBanks(overview.banks, overview.names_at_bank, connect);
    byId("banks-title").textContent = overview.connections.length ? "Connect another bank" : "Connect a bank";
    if (overview.notice) tellNotice(overview.notice);
    openConnection(chosenConnection());
    offerIncidents(overview.banks, overview.connections);
  } catch (error) {
    tell(api.problemBox(error, refresh));
  }
  byId("main").removeAttribute("aria-busy");
}

function nameConnections() {
  const names = new Map(overview.banks.map((bank) => [bank.id, bank.name]));
  for (const connection of overview.connections) connection.name = names.get(connection.bank) ?? connection.bank;
}

function chosenConnection() {
  const wanted = overview.notice?.session ?? open?.session;
  const { connections } = overview;
  const active = connections.filter((connection) => connection.status === "active");
  return connections.find((connection) => connection.session === wanted) ?? active.at(-1) ?? connections.at(-1) ?? null;
}

function openConnection(connection) {
  open = connection;
  watchAccount(null);
  showConnections(overview.connections, open, openConnection);
  const detail = byId("detail");
  detail.hidden = !open;
  document.body.classList.toggle("empty", !open);
  if (!open) return detail.replaceChildren();
  const head = connectionHead(open, { onRenew: renew, onDisconnect: () => askToDisconnect(connection, afterDisconnect) });
  const body = el("div", { id: "connection-body" }, el("p", { class: "muted", role: "status" }, "Loading accounts…"));
  detail.replaceChildren(head, body);
  fillConnection(connection, body);
}

async function fillConnection(connection, body) {
  if (connection.problem) return body.replaceChildren(api.problemBox(new api.Problem(connection.problem), refresh));
  if (connection.approval && connection.pending) return body.replaceChildren(approvalPanel(connection, forgetNoticeAndRefresh));
  if (connection.status !== "active") return body.replaceChildren(withoutAccounts(connection));
  try {
    const { accounts } = await api.accounts(connection.session);
    const panel = el("div", {});
    const choose = (account) => {
      watchAccount(connection, account, accounts);
      panel.replaceChildren(accountPanel(connection.session, account));
    };
    body.replaceChildren(accountCards(connection.session, accounts, choose), panel);
    if (accounts.length > 0 && body.isConnected) choose(accounts[0]);
  } catch (error) {
    body.replaceChildren(api.problemBox(error, () => fillConnection(connection, body)));
  }
}

const connect = (bank) => travel(bank.name, () => api.connect(bank.id, nameAtBank(bank.id)));
const renew = () => travel(open.name, () => api.renew(open.session, nameAtBank(open.bank)));

/** Sends the browser to the bank, or opens what waits for the customer's approval elsewhere. */
async function travel(name, start) {
  freezeBanks(true);
  tell(el("p", { class: "box" }, `Taking you to ${name}…`));
  try {
    const { authorize_url: address, approval } = await start();
    if (address) return location.assign(address);
    open = { session: approval };
    await forgetNoticeAndRefresh();
  } catch (error) {
    tell(api.problemBox(error));
    freezeBanks(false);
  }
}

function showCustomers() {
  const select = byId("customer");
  select.replaceChildren(...overview.customers.map((customer) =>
    el("option", { value: customer.id, selected: customer.id === overview.customer.id }, customer.name)));
  select.disabled = false;
}

async function switchCustomer(event) {
  try {
    await api.switchCustomer(event.target.value);
    await forgetNoticeAndRefresh();
  } catch (error) {
    tell(api.problemBox(error));
  }
}

/** The button that had the focus is gone with the connection. */
function afterDisconnect() {
  byId("main").focus();
  return forgetNoticeAndRefresh();
}

function forgetNoticeAndRefresh() {
  tell();
  return refresh();
}

function tellNotice({ tone, title, code, next_action: action }) {
  tell(el("div", { class: `box ${tone}`, "data-testid": "notice" },
    el("p", { class: "strong" }, title),
    adviceWord(action) && el("p", {}, adviceWord(action)),
    code && el("p", { class: "small muted" }, "Code ", el("code", {}, code))));
}

function tell(...content) {
  byId("status").replaceChildren(...content);
}

byId("customer").addEventListener("change", switchCustomer);
// Coming back with the browser's own button shows a frozen copy of the page: look again.
addEventListener("pageshow", (event) => event.persisted && forgetNoticeAndRefresh());
refresh();
