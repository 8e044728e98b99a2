//! Going through everything that is sealed, in many short runs: how far they have come, and when it is worth beginning anew.
//!
//! A pass goes through all of it once, under the key versions that were newest when it began. A newer version begins the next
//! pass at once, because what the old one has seen to is out of date; otherwise there is one a day, for what could not be
//! moved or was sealed by somebody who had not heard of the newest version yet.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ids::{MalformedId, SessionId, SnapshotId};

/// From the end of a pass to the beginning of the next under the same keys.
pub const REST: Duration = Duration::from_hours(24);

/// How far runs have come: the last document that was seen to. As text it is that document's id, which tells by its form
/// what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Position {
    /// A session; all last good answers come after it.
    Session(SessionId),
    /// A last good answer; all sessions came before it.
    Snapshot(SnapshotId),
}

impl Position {
    /// The position of that text.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        SessionId::parse(text).map(Self::Session).or_else(|_| SnapshotId::parse(text).map(Self::Snapshot))
    }
}

impl TryFrom<String> for Position {
    type Error = MalformedId;

    fn try_from(text: String) -> Result<Self, MalformedId> {
        Self::parse(&text)
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        match position {
            Position::Session(id) => id.as_str().to_owned(),
            Position::Snapshot(id) => id.as_str().to_owned(),
        }
    }
}

/// The newest version of each purpose's key, by the purpose's name.
pub type Newest = BTreeMap<String, String>;

/// What was found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// How many values stood under which version of which key, as they were found.
    pub found: BTreeMap<String, u32>,
    /// Values that could not be moved: their key is gone, or they are damaged.
    pub failed: u32,
}

/// One pass, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The versions that it moves to.
    pub newest: Newest,
    /// When it began.
    pub began_at: Timestamp,
    /// What it has seen to; nothing yet if there is none.
    pub after: Option<Position>,
    /// When it had seen to everything.
    pub ended_at: Option<Timestamp>,
    /// What its runs have found.
    pub findings: Findings,
}

/// What a run is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Work on this pass, where it stands.
    Work(Pass),
    /// Nothing before that instant, unless a newer key comes.
    Rest(Timestamp),
}

/// What a run is to do that finds these versions newest.
pub fn next(found: Option<&Pass>, newest: &Newest, now: Timestamp) -> Next {
    match found.filter(|pass| pass.newest == *newest) {
        Some(pass) => match pass.ended_at.map(|ended| ended + REST) {
            None => Next::Work(pass.clone()),
            Some(until) if until > now => Next::Rest(until),
            Some(_) => Next::Work(Pass::new(newest, now)),
        },
        None => Next::Work(Pass::new(newest, now)),
    }
}

impl Pass {
    fn new(newest: &Newest, now: Timestamp) -> Self {
        let newest = newest.clone();
        Self { newest, began_at: now, after: None, ended_at: None, findings: Findings::default() }
    }

    /// The pass after a run that found this and came so far, or to the end.
    #[must_use]
    pub fn come_to(mut self, after: Option<Position>, findings: &Findings, now: Timestamp) -> Self {
        self.ended_at = after.is_none().then_some(now);
        self.after = after;
        self.findings.failed = self.findings.failed.saturating_add(findings.failed);
        for (version, count) in &findings.found {
            let so_far = self.findings.found.entry(version.clone()).or_default();
            *so_far = so_far.saturating_add(*count);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    fn versions(version: u8) -> Newest {
        [("tokens".to_owned(), version.to_string())].into()
    }

    fn session(number: u8) -> Position {
        Position::Session(SessionId::from_random([number; 16]))
    }

    #[test]
    fn a_position_is_read_back_as_what_it_was() {
        let own = String::from(session(7));
        let answers = format!("{own}.balances.{own}");
        for text in [own, answers] {
            let written = serde_json::to_value(Position::parse(&text).unwrap()).unwrap();
            assert_eq!(written, serde_json::json!(text));
            assert_eq!(serde_json::from_value::<Position>(written).unwrap(), Position::parse(&text).unwrap());
        }
        assert!(matches!(Position::parse(&String::from(session(7))), Ok(Position::Session(_))));
        assert!(Position::parse("x").is_err());
    }

    /// What a run that works on a pass does: it sees to so many of the documents that come next.
    struct World {
        /// The version that each document stands under.
        documents: Vec<u8>,
        newest: u8,
        /// Since when the documents under the newest version are all of them, by looking.
        pass: Option<Pass>,
    }

    impl World {
        /// Answers how many documents the run looked at.
        fn run(&mut self, most: usize, is_remembered: bool, now: i64) -> usize {
            let Next::Work(pass) = next(self.pass.as_ref(), &versions(self.newest), at(now)) else { return 0 };
            let first = (0..self.documents.len()).find(|number| match &pass.after {
                Some(after) => *after == session(u8::try_from(*number).unwrap()),
                None => false,
            });
            let from = first.map_or(0, |number| number + 1);
            let to = (from + most).min(self.documents.len());
            self.documents[from..to].fill(self.newest);
            let after = (to < self.documents.len()).then(|| session(u8::try_from(to - 1).unwrap()));
            if is_remembered {
                self.pass = Some(pass.come_to(after, &Findings::default(), at(now)));
            }
            to - from
        }
    }

    proptest! {
        /// However runs are killed before they can write down how far they came, and whenever keys rotate: a pass that ended
        /// has moved everything, a rest is no longer than a day, and runs after each other come to an end.
        #[test]
        fn whatever_happens_a_pass_that_ended_has_moved_everything(
            count in 0_usize..12,
            steps in proptest::collection::vec((1_usize..5, any::<bool>(), 0_i64..9, 0_u8..8), 1..80),
        ) {
            let mut world = World { documents: vec![0; count], newest: 1, pass: None };
            let mut now = 0;
            for (most, is_remembered, pause, dice) in steps {
                now += pause;
                if dice == 0 {
                    world.newest += 1;
                }
                world.run(most, is_remembered, now);
                let is_current = |pass: &&Pass| pass.newest == versions(world.newest);
                if let Some(ended_at) = world.pass.as_ref().filter(is_current).and_then(|pass| pass.ended_at) {
                    prop_assert!(world.documents.iter().all(|version| *version == world.newest));
                    let next = next(world.pass.as_ref(), &versions(world.newest), ended_at + REST);
                    prop_assert!(matches!(next, Next::Work(pass) if pass.after.is_none()), "there is one a day");
                }
            }
            let left = (0..=count).find(|_| world.run(1, true, now) == 0);
            prop_assert!(left.is_some() || count == 0);
            prop_assert!(world.documents.iter().all(|version| *version == world.newest));
        }
    }
}
