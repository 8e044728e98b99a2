// The banks that can be connected, as cards.

import { byId, el } from "./dom.js";

/** Fills the list; `onConnect(bank)` is called with the chosen one. */
export function showBanks(banks, onConnect) {
  byId("banks").replaceChildren(...banks.map((bank) => bankCard(bank, onConnect)));
}

/** While the browser is on its way to a bank nothing else may be started. */
export function freezeBanks(frozen) {
  for (const button of byId("banks").querySelectorAll("button")) button.disabled = frozen;
}

function bankCard(bank, onConnect) {
  const name = `bank-${bank.id}-name`;
  return el("li", { class: "card bank", "data-testid": `bank-${bank.id}` },
    bankMark(bank.name),
    el("div", { class: "grow" },
      el("p", { class: "strong", id: name }, bank.name),
      el("p", { class: "small muted" }, [bank.country, bank.bic].filter(Boolean).join(" · "))),
    el("button", { type: "button", class: "button primary", "aria-describedby": name, click: () => onConnect(bank) }, "Connect"));
}

/** The first letters of a bank's name in a coloured square; the colour follows from the name. */
export function bankMark(name) {
  const letters = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean).slice(0, 2).map((word) => word[0].toUpperCase());
  const tone = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 0);
  return el("span", { class: `bankmark tone${tone}`, "aria-hidden": "true" }, letters.join(""));
}
