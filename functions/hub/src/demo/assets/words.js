// The hub's codes in the customer's words.

const STATUS = {
  awaiting_psu: "Waiting for you at the bank",
  confirming: "The bank is confirming",
  awaiting_activation: "Almost connected",
  active: "Connected",
  renewal_required: "Needs your consent again",
  ending: "Ending",
  unknown: "State unknown",
};

const REASON = {
  sca_denied: "You refused at the bank",
  sca_expired: "The bank was not answered in time",
  sca_failed: "The bank could not finish",
  not_activated: "The connection was not finished in time",
  consent_expired: "Your consent has ended",
  consent_revoked: "You ended the consent at the bank",
  consent_rejected: "The bank did not accept the consent",
  consent_replaced: "A newer consent of yours took its place",
  grant_refused: "The bank no longer accepts the connection",
  token_lost: "The connection to the bank was lost",
};

const END = {
  consent: "your consent",
  refresh_chain: "the bank's sign-in",
  sca_window: "the time for full history",
  certificate: "the hub's certificate",
  bank_maximum: "the bank's longest time",
};

const ADVICE = {
  retry_now: "Try again now.",
  wait: "Wait a little, then try again.",
  renew_consent: "Give your consent again.",
  restart: "Start again.",
  contact_bank: "Ask your bank.",
  fix_configuration: "The operator of the hub has to change its settings.",
};

const BALANCE = {
  CLBD: "Booked",
  ITBD: "Booked today",
  ITAV: "Available",
  CLAV: "Available at close",
  XPCD: "Expected",
  OPBD: "At opening",
  PRCD: "At the last close",
  FWAV: "Available later",
};

const STEP = {
  unusable: "The connection can no longer be used",
  consent_revoked: "The bank has ended your consent",
  tokens_revoked: "The bank has revoked the hub's access",
  key_destroyed: "The key to your stored data is destroyed",
};

const STEP_STATE = {
  done: "done",
  pending: "under way, tried again until it is done",
  not_needed: "not needed",
  not_supported: "this bank has no way to do it",
};

export const statusWord = (status) => STATUS[status] ?? status;
export const reasonWord = (reason) => REASON[reason] ?? reason;
export const endWord = (what) => END[what] ?? what;
export const adviceWord = (action) => ADVICE[action] ?? null;
export const balanceWord = (type) => BALANCE[type] ?? type;
/** The steps of disconnecting, in their order. */
export const STEPS = Object.keys(STEP);

export const stepWord = (step) => STEP[step] ?? step;
export const stepStateWord = (state) => STEP_STATE[state] ?? state;

const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** A date or an instant as a day, such as 20 May 2027. */
export function dayWord(text) {
  return DATE.format(new Date(text.length === 10 ? `${text}T00:00:00Z` : text));
}

/** An IBAN in groups of four; anything else as it is. */
export function accountNumber(account) {
  const first = account.identification?.[0];
  if (!first) return "";
  return first.scheme === "IBAN" ? first.value.replace(/(.{4})(?=.)/g, "$1 ") : first.value;
}

/** What people call an account. */
export function accountName(account) {
  return account.display_name ?? account.name ?? account.product ?? "Account";
}

const CIRCUIT = { open: "left alone", probing: "being tried", trial: "on trial" };

const DATA = { accounts: "Accounts", account: "This account", balances: "Balances", transactions: "Transactions" };

const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY_AND_TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** How a circuit stands. */
export const stateWord = (state) => CIRCUIT[state] ?? state;

/** A kind of data. */
export const dataWord = (kind) => DATA[kind] ?? kind;

/** What a circuit is for, such as Card balances. */
export const operationWord = (name) => `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`;

/** An instant as the time of day, with the day if it is another one. */
export function clockWord(text) {
  const at = new Date(text);
  return (at.toDateString() === new Date().toDateString() ? TIME : DAY_AND_TIME).format(at);
}
