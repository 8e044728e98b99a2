// The accounts of the open connection, each with its balance, and the transactions of the chosen one.

import * as api from "./api.js";
import { drawChart } from "./chart.js";
import { byId, el } from "./dom.js";
import { balanceHistory, bookedBalance, dateOf, dayOf } from "./history.js";
import { show } from "./money.js";
import { accountName, accountNumber, balanceWord, dayWord } from "./words.js";

const DAYS_BACK = 364;

/** The accounts' cards. Each loads its own balances, so that one that fails hides none of the others. */
export function accountCards(session, accounts, onChoose) {
  return el("ul", { class: "accounts", id: "accounts", "aria-label": "Accounts" },
    accounts.map((account) => accountCard(session, account, onChoose)));
}

function accountCard(session, account, onChoose) {
  const balance = el("span", { class: "balance", "data-testid": "balance" }, "…");
  const kind = el("span", { class: "small muted block" }, "Balance");
  account.load = () => loadBalances(session, account, balance, kind);
  account.load();
  return el("li", {},
    el("button", {
      type: "button", class: "card account", "data-testid": "account", "data-account": account.account_id,
      "aria-pressed": "false", click: () => onChoose(account),
    },
    el("span", { class: "strong block" }, accountName(account)),
    el("span", { class: "small muted block number" }, accountNumber(account)),
    balance, kind));
}

/** Asks for the balances, shows the one that counts on the card, and leaves all of them with the account. */
async function loadBalances(session, account, balance, kind) {
  account.balances = api.balances(session, account.account_id).then((answer) => answer.balances);
  try {
    const chosen = headlineBalance(await account.balances, account.currency);
    balance.textContent = chosen ? show(chosen) : "none told";
    kind.textContent = chosen ? balanceWord(chosen.type) : "Balance";
  } catch (error) {
    balance.textContent = "not available";
    kind.textContent = error.document?.title ?? "Balance";
  }
}

function headlineBalance(balances, currency) {
  return bookedBalance(balances, currency) ?? balances.find((balance) => balance.currency === currency) ?? balances[0];
}

/** The panel of one account. */
export function accountPanel(session, account) {
  for (const card of byId("accounts").querySelectorAll("button")) {
    card.setAttribute("aria-pressed", String(card.dataset.account === account.account_id));
  }
  const panel = el("div", { id: "account-panel" }, el("p", { class: "muted", role: "status" }, "Loading…"));
  new Reading(session, account, panel).start();
  return panel;
}

/** One account being read: its balances once, its transactions page by page. */
class Reading {
  constructor(session, account, panel) {
    Object.assign(this, { session, account, panel, transactions: [], cursor: null });
    const today = dayOf(new Date().toISOString().slice(0, 10));
    this.period = { from: dateOf(today - DAYS_BACK), to: dateOf(today), status: "both" };
  }

  async start() {
    try {
      this.balances = await this.account.balances;
      await this.nextPage();
      this.render();
    } catch (error) {
      this.panel.replaceChildren(api.problemBox(error, () => this.again()));
    }
  }

  again() {
    this.account.load();
    return this.start();
  }

  async nextPage() {
    const query = this.cursor ? { cursor: this.cursor } : this.period; // a cursor knows the period
    const page = await api.transactions(this.session, this.account.account_id, query);
    this.transactions.push(...page.transactions);
    this.cursor = page.next_cursor ?? null;
  }

  async loadMore(event) {
    const button = event.currentTarget;
    button.disabled = true;
    const known = this.transactions.length;
    try {
      await this.nextPage();
      this.render();
      this.panel.querySelectorAll("tbody tr")[known]?.focus();
    } catch (error) {
      button.replaceWith(api.problemBox(error, () => this.render()));
    }
  }

  render() {
    const chart = el("figure", { id: "chart" });
    this.panel.replaceChildren(balanceList(this.balances), chart, this.list());
    this.chart(chart);
  }

  chart(figure) {
    const booked = bookedBalance(this.balances, this.account.currency);
    const since = this.cursor ? null : this.period.from;
    const history = booked && balanceHistory(booked, this.transactions, since);
    if (history) drawChart(figure, history, this.account.currency);
    else figure.replaceChildren(el("figcaption", { class: "muted" }, whyNoChart(booked)));
  }

  list() {
    return el("div", {},
      transactionTable(pendingFirst(this.transactions)),
      this.cursor && el("button", { type: "button", id: "load-more", class: "button wide", click: (event) => this.loadMore(event) }, "Load more"),
      el("p", { class: "small muted", role: "status" },
        `${this.transactions.length} transactions since ${dayWord(this.period.from)}${this.cursor ? ", more to load" : ", all loaded"}`));
  }
}

function whyNoChart(booked) {
  return booked ? "The chart appears when all transactions are loaded." : "Without a booked balance there is no chart.";
}

function balanceList(balances) {
  return el("dl", { class: "balances" }, balances.map((balance) => el("div", {},
    el("dt", {}, balanceWord(balance.type)),
    el("dd", {}, show(balance)))));
}

/** Banks tell pending transactions before or after the booked ones; to people they are the newest. */
function pendingFirst(transactions) {
  const isPending = (entry) => entry.status === "PDNG";
  return [...transactions.filter(isPending), ...transactions.filter((entry) => !isPending(entry))];
}

function transactionTable(transactions) {
  if (transactions.length === 0) return el("p", { class: "box" }, "No transactions in this time.");
  return el("table", {},
    el("caption", {}, "Transactions"),
    el("thead", {}, el("tr", {}, ["Day", "With", "Amount"].map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, transactions.map(transactionRow)));
}

function transactionRow(entry) {
  const day = entry.booking_date ?? entry.value_date;
  const pending = entry.status === "PDNG";
  const credit = entry.credit_debit === "CRDT";
  return el("tr", { "data-testid": "transaction", tabindex: "-1" },
    el("td", { class: "day" }, day ? dayWord(day) : "", pending && el("span", { class: "badge waiting" }, "Pending")),
    el("td", {},
      el("span", { class: "block" }, entry.counterparty?.name ?? "Not named"),
      el("span", { class: "small muted block" }, (entry.remittance_unstructured ?? []).join(" "))),
    el("td", { class: credit ? "amount credit" : "amount" }, (credit ? "+" : "") + show(entry)));
}
