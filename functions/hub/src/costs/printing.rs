//! A bill for people to read.

use std::fmt::Write;

use super::bill::{Bill, Position};

/// The bill as a table.
pub fn table(bill: &Bill) -> String {
    let Bill { currency, region, prices_as_of, positions, .. } = bill;
    let mut text = format!(
        "A month in {currency}, {region}, prices looked up {prices_as_of} (list prices, no free tiers; ~ is an estimate)\n\n\
         {:<24} {:>16} {:<16} {:>10} {:>10} {:>10} {:>10}\n",
        "position", "quantity", "unit", "idle", "calls", "sessions", "total",
    );
    for position in positions.iter().filter(|position| position.total() > 0.0) {
        let _ = writeln!(text, "{}", line(position));
    }
    let Bill { idle, calls, sessions, total, .. } = bill;
    let sums = format!("{idle:>10.2} {calls:>10.2} {sessions:>10.2} {total:>10.2}");
    let _ = writeln!(text, "{:<24} {:>16} {:<16} {sums}\n", "all", "", "");
    let each = [
        ("without any call or session", Some(*idle)),
        ("a million calls", bill.million_calls),
        ("10,000 sessions", bill.ten_thousand_sessions),
    ];
    for (what, cost) in each.into_iter().filter_map(|(what, cost)| Some((what, cost?))) {
        let _ = writeln!(text, "{what:<28} {cost:>10.2}");
    }
    text.trim_end().to_owned()
}

fn line(position: &Position) -> String {
    let Position { name, quantity, unit, idle, calls, sessions, estimate, .. } = position;
    let name = format!("{name}{}", if *estimate { " ~" } else { "" });
    let total = position.total();
    format!("{name:<24} {quantity:>16.1} {unit:<16} {idle:>10.2} {calls:>10.2} {sessions:>10.2} {total:>10.2}")
}
