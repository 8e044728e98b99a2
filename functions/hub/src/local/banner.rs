//! What the terminal shows when everything runs: a journey by curl, ready to paste, and below it, where the eye falls,
//! the page to open, where the data lies and how to stop.
//!
//! The lines to paste are indented and hold no comments, so that they work in every common shell; a test runs them.

use std::{fmt, path::Path};

use jiff::{ToSpan, civil::Date};

use super::documents;

/// Everything that the banner tells.
pub struct Banner<'a> {
    /// The hub's public address.
    pub hub: &'a str,
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
    /// The banks' ids.
    pub banks: &'a [&'a str],
    /// The day, for a sensible period of transactions.
    pub today: Date,
}

/// One step by hand: what it does, and the line that does it.
struct Step {
    title: String,
    line: String,
}

impl Step {
    fn new(title: impl Into<String>, line: impl Into<String>) -> Self {
        Self { title: title.into(), line: line.into() }
    }
}

const AUTHORIZED: &str = r#"-H "Authorization: Bearer $TOKEN""#;
const ATTENDED: &str = r#"-H "Authorization: Bearer $TOKEN" -H "Psu-Presence: $PRESENCE""#;
const JSON: &str = "-H 'Content-Type: application/json'";

impl fmt::Display for Banner<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hub, bank_control, data, .. } = self;
        writeln!(out, "\nBy hand: paste these lines into a shell, one after the other.")?;
        for (number, step) in (1..).zip(self.steps()) {
            write!(out, "\n{number:>3}. {}\n     {}\n", step.title, step.line)?;
        }
        writeln!(out, "\nSecure Hub runs.\n")?;
        writeln!(out, "  Open    {hub}/  (pick a bank, connect, see balances, disconnect)")?;
        writeln!(out, "  Banks   {}", self.moods())?;
        writeln!(out, "  Token   {}", self.token_command())?;
        writeln!(out, "  Bank    {bank_control}/journal  (what has reached the sandbox bank)")?;
        writeln!(out, "  Data    {}  (delete it to start afresh)", data.display())?;
        writeln!(out, "  Stop    ctrl-c")
    }
}

impl Banner<'_> {
    fn steps(&self) -> Vec<Step> {
        [self.names(), connect(), self.read(), end()].into_iter().flatten().collect()
    }

    fn names(&self) -> Vec<Step> {
        let Self { hub, bank_control, token, token_hours, .. } = self;
        vec![
            Step::new("names for this shell", format!("HUB={hub} CONTROL={bank_control} JAR=$(mktemp)")),
            Step::new(format!("a CRM token, good for {token_hours} hours"), format!("TOKEN={token}")),
            Step::new(
                "what picks one value out of an answer",
                r#"field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }"#,
            ),
        ]
    }

    fn read(&self) -> Vec<Step> {
        let (from, to) = (self.today.saturating_sub(30.days()), self.today);
        let account = r#""$HUB/v1/sessions/$SESSION/accounts/$ACCOUNT"#;
        let presence = format!(r#"PRESENCE=$({} --presence "$SESSION")"#, self.token_command());
        let accounts = format!(
            r#"A=$(curl -sS "$HUB/v1/sessions/$SESSION/accounts" {ATTENDED}); echo "$A"; ACCOUNT=$(echo "$A" | field account_id)"#
        );
        let balances = format!(r#"curl -sS {account}/balances" {ATTENDED}; echo"#);
        let transactions =
            format!(r#"curl -sS {account}/transactions?from={from}&to={to}&status=booked" {ATTENDED}; echo"#);
        vec![
            Step::new("prove for 5 minutes that the customer is there", presence),
            Step::new("accounts", accounts),
            Step::new("balances", balances),
            Step::new("transactions", transactions),
        ]
    }

    /// The banks' ids in one short word, as a shell's braces would tell them.
    fn moods(&self) -> String {
        let moods: Vec<_> = self.banks.iter().filter_map(|bank| bank.strip_prefix(documents::PREFIX)).collect();
        format!("{}{{{}}}", documents::PREFIX, moods.join(","))
    }

    /// What prints a token, wherever it is typed.
    fn token_command(&self) -> String {
        let [data, program] = [self.data, self.program].map(|path| quoted(&path.display().to_string()));
        format!("HUB_DATA={data} {program} token")
    }
}

/// As another of the bank's customers than the one its page suggests: a consent replaces the customer's older one, and
/// that may be the demo page's.
fn connect() -> Vec<Step> {
    let decide =
        format!(r#"curl -sS "$CONTROL/sca" {JSON} -d '{{"decision":"approve","customer":"jonas-weber"}}'; echo"#);
    let create = format!(
        r#"R=$(curl -sS "$HUB/v1/sessions" {AUTHORIZED} {JSON} -d '{{"bank":"sandbox-oauth","psu":"customer-4711","return_url":"'"$HUB"'/dev/return"}}'); echo "$R"; SESSION=$(echo "$R" | field session); URL=$(echo "$R" | field authorize_url)"#
    );
    let journey = r#"BACK=$(curl -sS -L -c "$JAR" -b "$JAR" -o /dev/null -w '%{url_effective}' "$URL"); echo "$BACK"; CODE=$(echo "$BACK" | sed -n 's/.*activation_code=\([^&]*\).*/\1/p'); rm -f "$JAR""#;
    let activate = format!(
        r#"curl -sS "$HUB/v1/sessions/$SESSION/activation" {AUTHORIZED} {JSON} -d '{{"activation_code":"'"$CODE"'"}}'; echo"#
    );
    vec![
        Step::new("let the bank approve the next customer without a browser", decide),
        Step::new("create a session", create),
        Step::new("what the customer's browser does: to the bank and back", journey),
        Step::new("redeem the activation code", activate),
    ]
}

fn end() -> Vec<Step> {
    let line = format!(r#"curl -sS -X DELETE "$HUB/v1/sessions/$SESSION" {AUTHORIZED}; echo"#);
    vec![Step::new("end the session, here and at the bank", line)]
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
            bank_control: "http://127.0.0.1:9003",
            data: Path::new("/tmp/it's here/.hub"),
            program: Path::new("/opt/hub"),
            token: "aaa.bbb.ccc",
            token_hours: 8,
            banks: &documents::BANKS,
            today: Date::constant(2026, 11, 21),
        }
        .to_string()
    }

    #[test]
    fn the_last_lines_tell_page_data_and_how_to_stop() {
        let text = banner();
        let last: Vec<_> = text.lines().rev().take(6).collect();
        for part in ["http://127.0.0.1:8080/ ", "/tmp/it's here/.hub ", "ctrl-c", "http://127.0.0.1:9003/journal"] {
            assert!(last.iter().any(|line| line.contains(part)), "{part} in {last:?}");
        }
        assert!(last.iter().all(|line| line.len() <= 100), "{last:?}");
    }

    #[test]
    fn every_bank_is_named_in_one_line() {
        let line = "  Banks   sandbox-{oauth,redirect,prestep,explicit,token,application,decoupled}";
        assert!(banner().lines().any(|told| told == line), "{}", banner());
    }

    #[test]
    fn every_step_of_the_journey_has_its_line() {
        let text = banner();
        let parts = [
            "/v1/sessions\"",
            "/activation\"",
            "/accounts\"",
            "/balances\"",
            "/transactions?from=2026-10-22&to=2026-11-21",
            "-X DELETE",
        ];
        for part in parts {
            assert_eq!(text.matches(part).count(), 1, "{part}");
        }
    }

    #[test]
    fn paths_survive_the_shell() {
        assert!(banner().contains(r"HUB_DATA='/tmp/it'\''s here/.hub' '/opt/hub' token --presence"));
    }
}
