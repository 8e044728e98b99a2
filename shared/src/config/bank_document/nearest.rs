//! The known name that a misspelt one was meant to be.

/// The nearest of these names, if one is near: off by two letters at most, and by a third of its letters at most.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.into_iter().map(|candidate| (distance(name, candidate), candidate));
    let (off, best) = scored.min()?;
    (off <= 2 && off * 3 <= best.len()).then_some(best)
}

/// How many letters must be put in, left out or changed to make one of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut diagonal = number;
        let mut left = number + 1;
        for (above, candidate) in row.iter_mut().skip(1).zip(&other) {
            let changed = diagonal + usize::from(letter != *candidate);
            diagonal = *above;
            left = changed.min(left + 1).min(*above + 1);
            *above = left;
        }
        if let Some(first) = row.first_mut() {
            *first = number + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_as_levenshtein_does() {
        for (one, other, off) in
            [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("a", "a", 0)]
        {
            assert_eq!((distance(one, other), distance(other, one)), (off, off), "{one} {other}");
        }
    }

    #[test]
    fn names_what_was_meant_and_nothing_far_off() {
        let known = ["issuer", "client_id", "scope", "rotation"];
        assert_eq!(nearest("clientid", known), Some("client_id"));
        assert_eq!(nearest("isuer", known), Some("issuer"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
