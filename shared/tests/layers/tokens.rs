//! Cuts Rust source into words and signs, without comments, strings and characters: as much of a lexer as it takes to
//! find paths.

/// The words and signs of a source text. `::` is one sign; every other sign is one character.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        if let Some(length) = skipped(rest) {
            rest = &rest[length..];
            continue;
        }
        let length = match first {
            _ if is_of_word(first) => rest.find(|character| !is_of_word(character)).unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        found.push(&rest[..length]);
        rest = &rest[length..];
    }
    found
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The length of what carries no path, if such a thing begins here.
fn skipped(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if first.is_whitespace() {
        return Some(first.len_utf8());
    }
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(block_comment(text));
    }
    string(text).or_else(|| character(text))
}

/// Block comments nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// A string of any kind, its prefix included.
fn string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let body = text.strip_prefix(*prefix);
        body.is_some_and(|body| body.trim_start_matches(['#']).starts_with('"') && begins_string(prefix, body))
    })?;
    let body = &text[prefix.len()..];
    let length = if prefix.ends_with('r') { raw_string(body) } else { quoted(body, '"') };
    Some(prefix.len() + length)
}

/// Only raw strings have number signs before the quote.
fn begins_string(prefix: &str, body: &str) -> bool {
    prefix.ends_with('r') || body.starts_with('"')
}

fn raw_string(body: &str) -> usize {
    let signs = body.len() - body.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(signs));
    body[signs + 1..].find(&end).map_or(body.len(), |at| signs + 1 + at + end.len())
}

/// A literal between quotes in which a backslash escapes.
fn quoted(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in body.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}

/// A character, but not a lifetime: after one character, or an escape, the quote closes.
fn character(text: &str) -> Option<usize> {
    let body = text.strip_prefix('b').unwrap_or(text);
    let inside = body.strip_prefix('\'')?;
    let closes = inside.starts_with('\\') || inside.chars().nth(1) == Some('\'');
    closes.then(|| text.len() - body.len() + quoted(body, '\''))
}

#[test]
fn finds_words_and_signs_only() {
    let text = r##"a::b("c::d", r#"e "::" f"#, b"\"g", '\'', 'h', '"') // i
        /* j /* k */ l */ <'m> fn n"##;
    let expected = ["a", "::", "b", "(", ",", ",", ",", ",", ",", ")", "<", "'", "m", ">", "fn", "n"];
    assert_eq!(tokens(text), expected);
}

#[test]
fn an_open_end_is_the_end() {
    for text in ["\"a", "/* b", "r#\"c\"", "'\\", "// d", "b\"e\\"] {
        assert_eq!(tokens(text), Vec::<&str>::new(), "{text}");
    }
}
