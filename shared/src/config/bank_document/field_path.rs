//! The way to a value in a document.

use std::fmt;

/// The way to a value: names of fields and numbers of entries. Shown as `limits.total_millis` and `addresses.web[0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// A path written as names with points between them.
    pub fn dotted(text: &str) -> Self {
        Self(text.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect())
    }

    /// The path of something inside.
    #[must_use]
    pub fn then(&self, step: &str) -> Self {
        Self(self.0.iter().cloned().chain([step.to_owned()]).collect())
    }

    /// Its steps from the outside in.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether one of the two is within the other, or both are the same.
    pub fn touches(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(one, other)| one == other)
    }

    /// The last step.
    pub fn last(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }

    /// The path of what is around it.
    pub fn parent(&self) -> Option<Self> {
        let (_, around) = self.0.split_last()?;
        Some(Self(around.to_vec()))
    }
}

impl<S: Into<String>> FromIterator<S> for FieldPath {
    fn from_iter<I: IntoIterator<Item = S>>(steps: I) -> Self {
        Self(steps.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            if step.parse::<usize>().is_ok() {
                write!(out, "[{step}]")?;
            } else {
                let point = if number == 0 { "" } else { "." };
                write!(out, "{point}{step}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_shown_as_it_would_be_written() {
        let path = FieldPath::dotted("addresses.web").then("0");
        assert_eq!(path.to_string(), "addresses.web[0]");
        assert!(path.touches(&FieldPath::dotted("addresses")));
        assert!(!path.touches(&FieldPath::dotted("addresses.api")));
        assert_eq!(path.parent(), Some(FieldPath::dotted("addresses.web")));
    }
}
