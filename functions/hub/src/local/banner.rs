//! What the terminal shows when everything runs: the page to open, and the same journey by curl, ready to paste.
//!
//! The lines to paste are indented and hold no comments, so that they work in every common shell; a test runs them.

use std::{fmt, path::Path};

use jiff::{ToSpan, civil::Date};

/// Everything that the banner tells.
pub struct Banner<'a> {
    /// The hub's public address.
    pub hub: &'a str,
    /// The sandbox bank's pages.
    pub bank_web: &'a str,
    /// The sandbox bank's control port.
    pub bank_control: &'a str,
    /// The data folder.
    pub data: &'a Path,
    /// This program, for `hub token`.
    pub program: &'a Path,
    /// A CRM token.
    pub token: &'a str,
    /// How long it is good for.
    pub token_hours: i64,
    /// The day, for a sensible period of transactions.
    pub today: Date,
}

/// One step by hand: what it does, and the line that does it.
struct Step {
    title: &'static str,
    line: String,
}

impl Step {
    fn new(title: &'static str, line: impl Into<String>) -> Self {
        Self { title, line: line.into() }
    }
}

const AUTHORIZED: &str = r#"-H "Authorization: Bearer $TOKEN""#;
const ATTENDED: &str = r#"-H "Authorization: Bearer $TOKEN" -H "Psu-Presence: $PRESENCE""#;

impl Banner<'_> {
    fn steps(&self) -> Vec<Step> {
        [self.names(), connect(), self.read(), end()].into_iter().flatten().collect()
    }

    fn names(&self) -> Vec<Step> {
        let Self { hub, bank_control, token, .. } = self;
        vec![
            Step::new("names for this shell", format!("HUB={hub} CONTROL={bank_control} JAR=$(mktemp)")),
            Step::new("a CRM token", format!("TOKEN={token}")),
            Step::new(
                "picks one value out of an answer",
                r#"field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }"#,
            ),
        ]
    }

    fn read(&self) -> Vec<Step> {
        let data = quoted(&self.data.display().to_string());
        let program = quoted(&self.program.display().to_string());
        let from = self.today.saturating_sub(30.days());
        vec![
            Step::new(
                "prove for 5 minutes that the customer is there",
                format!(r#"PRESENCE=$(HUB_DATA={data} {program} token --presence "$SESSION")"#),
            ),
            Step::new(
                "accounts",
                format!(
                    r#"A=$(curl -sS "$HUB/v1/sessions/$SESSION/accounts" {ATTENDED}); echo "$A"; ACCOUNT=$(echo "$A" | field account_id)"#
                ),
            ),
            Step::new(
                "balances",
                format!(r#"curl -sS "$HUB/v1/sessions/$SESSION/accounts/$ACCOUNT/balances" {ATTENDED}; echo"#),
            ),
            Step::new(
                "transactions",
                format!(
                    r#"curl -sS "$HUB/v1/sessions/$SESSION/accounts/$ACCOUNT/transactions?from={from}&to={to}&status=booked" {ATTENDED}; echo"#,
                    to = self.today
                ),
            ),
        ]
    }
}

fn connect() -> Vec<Step> {
    vec![
        Step::new(
            "let the bank approve the next customer without a browser",
            r#"curl -sS "$CONTROL/sca" -H 'Content-Type: application/json' -d '{"decision":"approve","customer":"anna-schmidt"}'; echo"#,
        ),
        Step::new(
            "create a session",
            format!(
                r#"R=$(curl -sS "$HUB/v1/sessions" {AUTHORIZED} -H 'Content-Type: application/json' -d '{{"bank":"sandbox-oauth","psu":"customer-4711","return_url":"'"$HUB"'/dev/return"}}'); echo "$R"; SESSION=$(echo "$R" | field session); URL=$(echo "$R" | field authorize_url)"#
            ),
        ),
        Step::new(
            "what the customer's browser does: to the bank and back",
            r#"BACK=$(curl -sS -L -c "$JAR" -b "$JAR" -o /dev/null -w '%{url_effective}' "$URL"); CODE=$(echo "$BACK" | sed -n 's/.*activation_code=\([^&]*\).*/\1/p'); rm -f "$JAR"; echo "$BACK""#,
        ),
        Step::new(
            "redeem the activation code",
            format!(
                r#"curl -sS "$HUB/v1/sessions/$SESSION/activation" {AUTHORIZED} -H 'Content-Type: application/json' -d '{{"activation_code":"'"$CODE"'"}}'; echo"#
            ),
        ),
    ]
}

fn end() -> Vec<Step> {
    let line = format!(r#"curl -sS -X DELETE "$HUB/v1/sessions/$SESSION" {AUTHORIZED}; echo"#);
    vec![Step::new("end the session, here and at the bank", line)]
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hub, bank_web, data, token_hours, .. } = self;
        writeln!(out, "\nSecure Hub runs.\n")?;
        writeln!(out, "  Open    {hub}/")?;
        writeln!(out, "          pick a bank, connect, see accounts and balances, disconnect")?;
        writeln!(out, "  Bank    {bank_web}, a sandbox over mutual TLS with made-up customers")?;
        writeln!(out, "  Data    {}; delete it to start afresh", data.display())?;
        writeln!(out, "  Stop    ctrl-c\n")?;
        writeln!(
            out,
            "The same by hand, in this order (the token is good for {token_hours} hours, then `hub token`):"
        )?;
        for (number, step) in (1..).zip(self.steps()) {
            write!(out, "\n{number:>3}. {}\n     {}\n", step.title, step.line)?;
        }
        Ok(())
    }
}

/// As one word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner() -> String {
        Banner {
            hub: "http://127.0.0.1:8080",
            bank_web: "http://127.0.0.1:9002",
            bank_control: "http://127.0.0.1:9003",
            data: Path::new("/tmp/it's here/.hub"),
            program: Path::new("/opt/hub"),
            token: "aaa.bbb.ccc",
            token_hours: 8,
            today: Date::constant(2026, 11, 21),
        }
        .to_string()
    }

    #[test]
    fn page_data_and_stop_come_before_the_steps() {
        let text = banner();
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is missing"));
        let order =
            ["http://127.0.0.1:8080/", "/tmp/it's here/.hub", "ctrl-c", "  1. ", "TOKEN=aaa.bbb.ccc"].map(place);
        assert!(order.is_sorted(), "{order:?}");
    }

    #[test]
    fn the_head_fits_a_terminal() {
        let text = banner();
        let head = text.split("  1. ").next().unwrap();
        assert!(head.lines().all(|line| line.len() <= 100), "{head}");
    }

    #[test]
    fn every_step_of_the_journey_has_its_line() {
        let text = banner();
        for part in [
            "/v1/sessions\"",
            "/activation\"",
            "/accounts\"",
            "/balances\"",
            "/transactions?from=2026-10-22&to=2026-11-21",
            "-X DELETE",
        ] {
            assert_eq!(text.matches(part).count(), 1, "{part}");
        }
    }

    #[test]
    fn paths_survive_the_shell() {
        assert!(banner().contains(r"HUB_DATA='/tmp/it'\''s here/.hub' '/opt/hub' token --presence"));
    }
}
