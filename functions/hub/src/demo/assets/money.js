// Amounts as whole numbers of the smallest unit in use (BigInt). A float never touches a sum.

/** How many digits after the point these decimal texts need; two at least. */
export function digitsOf(texts) {
  return Math.max(2, ...texts.map((text) => (text.split(".")[1] ?? "").length));
}

/** A decimal text in units of 10^-digits. `digits` must be enough for the text. */
export function toUnits(text, digits) {
  const [, sign, whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text) ?? refuse(text);
  if (fraction.length > digits) refuse(text);
  const units = BigInt(whole + fraction.padEnd(digits, "0"));
  return sign ? -units : units;
}

/** The signed units of a balance or transaction, whose amounts carry no sign of their own. */
export function signedUnits(entry, digits) {
  const units = toUnits(entry.amount, digits);
  return entry.credit_debit === "DBIT" ? -units : units;
}

/** Units as text, such as -1,234.56. */
export function format(units, digits) {
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = digits > 0 ? `.${text.slice(text.length - digits)}` : "";
  return `${units < 0n ? "-" : ""}${whole}${fraction}`;
}

/** A balance or transaction as text with its currency. */
export function show(entry) {
  const digits = digitsOf([entry.amount]);
  return `${format(signedUnits(entry, digits), digits)} ${entry.currency}`;
}

function refuse(text) {
  throw new RangeError(`not an amount: ${text}`);
}
