// The banks that can be connected, as cards.

import { byId, el } from "./dom.js";

/**
 * Fills the list, in the order of the banks' names; `onConnect(bank)` is called with the chosen one. `names` are those
 * to choose from where a bank wants to know how the customer is called there.
 */
export function showBanks(banks, names, onConnect) {
  const ordered = [...banks].sort((a, b) => a.name.localeCompare(b.name, "en"));
  byId("banks").replaceChildren(...ordered.map((bank) => bankCard(bank, names, onConnect)));
}

/** How the customer is called at that bank, if it wants to know. */
export function nameAtBank(bank) {
  return document.getElementById(nameField(bank))?.value;
}

const nameField = (bank) => `name-at-${bank}`;

/** While the browser is on its way to a bank nothing else may be started. */
export function freezeBanks(frozen) {
  for (const button of byId("banks").querySelectorAll("button, select")) button.disabled = frozen;
}

function bankCard(bank, names, onConnect) {
  const name = `bank-${bank.id}-name`;
  return el("li", { class: "card bank", "data-testid": `bank-${bank.id}` },
    bankMark(bank.name),
    el("div", { class: "grow" },
      el("p", { class: "strong", id: name }, bank.name),
      el("p", { class: "small muted" }, [bank.country, bank.bic].filter(Boolean).join(" · ")),
      bank.psu_id === "required" && nameChoice(bank, names)),
    el("button", { type: "button", class: "button primary", "aria-describedby": name, click: () => onConnect(bank) }, "Connect"));
}

function nameChoice(bank, names) {
  return el("label", { class: "small block" }, "Your name there ",
    el("select", { id: nameField(bank.id) }, names.map(({ id, name }) => el("option", { value: id }, name))));
}

/** The first letters of a bank's name in a coloured square; the colour follows from the name. */
export function bankMark(name) {
  const letters = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean).slice(0, 2).map((word) => word[0].toUpperCase());
  const tone = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 0);
  return el("span", { class: `bankmark tone${tone}`, "aria-hidden": "true" }, letters.join(""));
}
