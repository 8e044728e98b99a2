// What has gone wrong at real banks, played by the sandbox bank, and what the hub makes of it.

import * as api from "./api.js";
import { byId, el } from "./dom.js";

const ELSEWHERE = "The hub may have coped, or the incident strikes only while connecting or when a token is renewed.";

let banks = [];
let connections = [];

/** Tells the panel what there is; it is filled when it is opened. */
export function offerIncidents(allBanks, allConnections) {
  banks = allBanks.filter((bank) => bank.id.startsWith("sandbox-"));
  connections = allConnections;
  const details = byId("incidents");
  details.hidden = banks.length === 0;
  details.ontoggle = () => details.open && fill();
  if (details.open) fill();
}

async function fill() {
  try {
    const { incidents } = await api.incidents();
    byId("incident-panel").replaceChildren(...controls(incidents));
  } catch (error) {
    byId("incident-panel").replaceChildren(api.problemBox(error, fill));
  }
}

function controls(incidents) {
  const chosenBefore = byId("incident-panel").querySelectorAll("select");
  const [lastIncident, lastBank] = [...chosenBefore].map((select) => select.value);
  const incident = choice("incident", incidents.map(({ name, on }) => [name, on ? `${name} (on)` : name]), lastIncident);
  const bank = choice("incident-bank", banks.map(({ id, name }) => [id, name]), lastBank ?? connections.at(-1)?.bank);
  const about = el("div", { id: "incident-about" });
  const tell = () => about.replaceChildren(...described(incidents.find(({ name }) => name === incident.value)));
  incident.addEventListener("change", tell);
  tell();
  const answers = byId("incident-answers") ?? el("div", { id: "incident-answers", role: "status" });
  return [
    el("p", { class: "small muted" }, "What has happened at real banks, played by the sandbox bank. What then reaches the CRM is the hub's answer."),
    el("label", {}, "Incident", incident),
    about,
    el("label", {}, "At", bank),
    el("div", { class: "actions" },
      button("play-incident", "Play", () => play(incident.value, bank.value, answers)),
      button("try-bank", "Read again", () => showAnswers(bank.value, answers)),
      button("end-incidents", "End all", () => endAll(answers))),
    answers,
  ];
}

function choice(id, options, chosen) {
  return el("select", { id }, options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
}

function described({ what, source }) {
  return [el("p", { id: "incident-what" }, what), el("p", { class: "small muted", id: "incident-source" }, `Source: ${source}`)];
}

function button(id, text, click) {
  return el("button", { type: "button", id, class: "button", click }, text);
}

async function play(name, bank, answers) {
  try {
    await api.playIncident(name, bank);
    await fill();
    await showAnswers(bank, answers);
  } catch (error) {
    answers.replaceChildren(api.problemBox(error));
  }
}

async function endAll(answers) {
  try {
    await api.endIncidents();
    await fill();
    answers.replaceChildren(el("p", {}, "All incidents are over."));
  } catch (error) {
    answers.replaceChildren(api.problemBox(error));
  }
}

/** Reads everything at a connection of that bank and shows what the hub says to each. */
async function showAnswers(bank, answers) {
  const connection = connections.findLast((one) => one.bank === bank && one.status === "active");
  if (!connection) {
    return answers.replaceChildren(el("p", {}, "Connect this bank to see what the hub answers; an incident may also strike while you do."));
  }
  answers.replaceChildren(el("p", { class: "muted" }, "Asking the hub…"));
  const shown = [];
  const { session } = connection;
  const accounts = await answer("Accounts", () => api.accounts(session), shown);
  const account = accounts?.accounts[0]?.account_id ?? known.get(session);
  if (account) {
    known.set(session, account);
    await answer("Balances", () => api.balances(session, account), shown);
    await answer("Transactions", () => api.transactions(session, account, { status: "both" }), shown);
  }
  const asUsual = shown.every((one) => one.classList.contains("success"));
  answers.replaceChildren(...shown, ...(asUsual ? [el("p", { class: "small muted" }, ELSEWHERE)] : []));
}

/** An account of each connection, so that its data can be asked for when the list of accounts fails. */
const known = new Map();

async function answer(title, read, shown) {
  try {
    const told = await read();
    shown.push(el("p", { class: "box success", "data-testid": "incident-answer" }, `${title}: the hub answered as usual.`));
    return told;
  } catch (error) {
    shown.push(el("div", { "data-testid": "incident-answer" }, el("p", { class: "small muted" }, `${title}:`), api.problemBox(error)));
    return null;
  }
}
