//! Reads variables and notes what is wrong with them.

use super::mistakes::Mistakes;

/// Reads variables by name. Tests give their own instead of the process's.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Why a value is not taken; never the value itself.
pub(super) type Wrong = &'static str;

/// Reads variables and notes what is wrong with them.
pub(super) struct Reader<'a> {
    pub variables: &'a Variables<'a>,
    pub mistakes: &'a mut Mistakes,
}

impl Reader<'_> {
    /// A variable that must be set.
    pub fn required<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let text = self.mistakes.take(name, (self.variables)(name).ok_or("not set"))?;
        self.mistakes.take(name, read(&text))
    }

    /// A variable with a default.
    pub fn optional<T>(&mut self, name: &str, default: &str, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let text = (self.variables)(name).unwrap_or_else(|| default.to_owned());
        self.mistakes.take(name, read(&text))
    }

    /// A variable that may be left out. The outer `None` is a mistake.
    #[expect(clippy::option_option, reason = "a mistake and an absence differ")]
    pub fn absent_or<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<Option<T>> {
        match (self.variables)(name) {
            None => Some(None),
            Some(text) => self.mistakes.take(name, read(&text)).map(Some),
        }
    }

    /// A variable that has no meaning beside another setting: set all the same, it is a mistake.
    pub fn unused(&mut self, name: &str, why: Wrong) -> Option<()> {
        let outcome = if (self.variables)(name).is_none() { Ok(()) } else { Err(why) };
        self.mistakes.take(name, outcome)
    }
}
