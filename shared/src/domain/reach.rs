//! How far a process reaches besides its store and its keys.

/// How far a process reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Google's own services: the store, the keys, and the key set of the scheduler's tokens.
    Google,
    /// Banks and CRMs as well.
    #[default]
    Banks,
}

impl Reach {
    /// Its name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Banks => "banks",
        }
    }

    /// Whether a process that reaches so far can do what needs that much.
    pub fn suffices_for(self, needed: Self) -> bool {
        self >= needed
    }
}

impl std::str::FromStr for Reach {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = [Self::Google, Self::Banks].into_iter().find(|reach| reach.name() == text);
        named.ok_or("neither banks nor google")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reaches_banks_can_do_everything_and_who_does_not_the_rest() {
        assert!(Reach::Banks.suffices_for(Reach::Banks) && Reach::Banks.suffices_for(Reach::Google));
        assert!(Reach::Google.suffices_for(Reach::Google) && !Reach::Google.suffices_for(Reach::Banks));
        assert_eq!(Reach::default(), Reach::Banks);
    }

    #[test]
    fn is_read_by_its_name() {
        for reach in [Reach::Google, Reach::Banks] {
            assert_eq!(reach.name().parse(), Ok(reach));
        }
        assert!("Google".parse::<Reach>().is_err() && "".parse::<Reach>().is_err());
    }
}
