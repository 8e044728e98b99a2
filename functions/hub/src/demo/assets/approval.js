// Waiting for a customer who approves in the bank's app: what the bank wants told, where to approve, and asking the
// hub how it stands, never earlier than it says.

import * as api from "./api.js";
import { el } from "./dom.js";

const SHORTEST = 1_000;
const USUAL = 3_000;
const LONGEST = 60_000;

/** What is shown while the approval is waited for; `onOver()` is called when it has come to an end. */
export function approvalPanel({ session, approval, pending }, onOver) {
  const trouble = el("div", {});
  const panel = el("div", { class: "box", id: "approval", "data-testid": "approval" },
    el("p", { class: "strong" }, "Approve in your bank's app"),
    approval.psu_message && el("p", { id: "psu-message" }, approval.psu_message),
    el("p", { class: "small muted", role: "status" }, "This page goes on by itself when you have."),
    approval.url && el("a", { id: "open-app", class: "button primary", href: approval.url, target: "_blank", rel: "noopener" },
      "Open the sandbox bank's app"),
    trouble);
  const ask = () => askAgain(session, { panel, trouble, ask, onOver });
  setTimeout(ask, waitingTime(pending.ask_again_at, Date.now()));
  return panel;
}

/** A panel that is no longer on the page asks no more. */
async function askAgain(session, { panel, trouble, ask, onOver }) {
  if (!panel.isConnected) return;
  try {
    const told = await api.approval(session);
    if (!panel.isConnected) return;
    if (told.status === "over") return onOver();
    setTimeout(ask, waitingTime(told.ask_again_at, Date.now()));
  } catch (error) {
    if (error.document?.code === "demo_not_found") return onOver();
    trouble.replaceChildren(api.problemBox(error, () => (trouble.replaceChildren(), ask())));
  }
}

/** Milliseconds from now until the hub may be asked again: what it told, within bounds. */
export function waitingTime(at, now) {
  const told = Date.parse(at ?? "") - now;
  return Number.isNaN(told) ? USUAL : Math.min(Math.max(told, SHORTEST), LONGEST);
}
