// Disconnecting: asks first, then shows what was done, step by step.

import * as api from "./api.js";
import { byId, el } from "./dom.js";
import { STEPS, stepStateWord, stepWord } from "./words.js";

/** Opens the dialog for a connection; `onDone()` is called when it is closed after something was done. */
export function askToDisconnect(connection, onDone) {
  const dialog = byId("disconnect-dialog");
  dialog.replaceChildren(...question(connection, onDone, dialog));
  dialog.onclose = null;
  dialog.showModal();
}

function question(connection, onDone, dialog) {
  const confirm = () => carryOut(connection, onDone, dialog);
  return [
    el("h2", { id: "disconnect-title" }, `Disconnect ${connection.name}?`),
    el("p", {}, "This company can no longer see your accounts there. Your consent is ended at the bank, and the key to what is stored is destroyed."),
    el("div", { class: "actions" },
      el("button", { type: "button", id: "cancel-disconnect", class: "button", autofocus: true, click: () => dialog.close() }, "Keep it"),
      el("button", { type: "button", id: "confirm-disconnect", class: "button danger solid", click: confirm }, "Disconnect")),
  ];
}

async function carryOut(connection, onDone, dialog) {
  for (const button of dialog.querySelectorAll("button")) button.disabled = true;
  try {
    const done = await api.disconnect(connection.session);
    dialog.onclose = onDone;
    dialog.replaceChildren(...report(connection, done, dialog));
    byId("close-disconnect").focus();
  } catch (error) {
    dialog.replaceChildren(...question(connection, onDone, dialog), api.problemBox(error));
  }
}

function report(connection, done, dialog) {
  const steps = STEPS.filter((step) => step in done.steps).map((step) => [step, done.steps[step]]);
  const title = done.status === "ended" ? `${connection.name} is disconnected` : `${connection.name} is being disconnected`;
  return [
    el("h2", { id: "disconnect-title" }, title),
    el("ul", { class: "steps", role: "status" }, steps.map(([step, state]) => el("li", { "data-testid": "step", "data-state": state },
      el("span", { class: `stepmark ${state}`, "aria-hidden": "true" }),
      el("span", {}, `${stepWord(step)}: `, el("span", { class: "muted" }, stepStateWord(state)))))),
    el("div", { class: "actions" },
      el("button", { type: "button", id: "close-disconnect", class: "button primary", click: () => dialog.close() }, "Close")),
  ];
}
