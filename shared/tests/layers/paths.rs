//! Reads from a source text which parts of the crate it uses and which modules it declares.

use crate::tokens::tokens;

/// A module by its path from the crate's root.
#[derive(Clone, Debug)]
pub struct Module {
    pub path: Vec<String>,
    /// Compiled for tests only.
    pub in_test: bool,
}

impl Module {
    pub const fn root() -> Self {
        Self { path: Vec::new(), in_test: false }
    }

    pub fn below(&self, child: &Child) -> Self {
        let path = self.path.iter().chain(&child.inline).chain([&child.name]).cloned().collect();
        Self { path, in_test: self.in_test || child.in_test }
    }
}

/// A path that leads into a part of the crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The first name below the crate's root.
    pub part: String,
    /// Whether it stands in code that is compiled for tests only.
    pub in_test: bool,
}

/// A module that has a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    pub name: String,
    /// The inline modules that it is declared in.
    pub inline: Vec<String>,
    pub in_test: bool,
}

/// What one file says.
#[derive(Debug, Default)]
pub struct Source {
    pub uses: Vec<Use>,
    pub children: Vec<Child>,
}

/// Reads a module's file.
pub fn read(text: &str, module: &Module) -> Source {
    let mut reader = Reader { tokens: tokens(text), at: 0, scopes: Vec::new(), for_test: false, module };
    let mut source = Source::default();
    while reader.at < reader.tokens.len() {
        reader.step(&mut source);
    }
    source
}

/// What an open brace belongs to.
struct Scope {
    /// The name of an inline module.
    module: Option<String>,
    in_test: bool,
}

struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    scopes: Vec<Scope>,
    /// An attribute has said that the next item is for tests.
    for_test: bool,
    module: &'a Module,
}

impl<'a> Reader<'a> {
    fn step(&mut self, source: &mut Source) {
        match self.token(0) {
            "#" => return self.attribute(),
            "{" => self.open(None),
            "}" => drop(self.scopes.pop()),
            ";" => self.for_test = false,
            "mod" => return self.declaration(source),
            "crate" | "super" if self.token(1) == "::" && !self.continues_a_path() => return self.path(source),
            _ => {}
        }
        self.at += 1;
    }

    /// The token that many further on; nothing beyond the end.
    fn token(&self, further: usize) -> &'a str {
        self.tokens.get(self.at + further).copied().unwrap_or("")
    }

    fn continues_a_path(&self) -> bool {
        self.at.checked_sub(1).is_some_and(|before| self.tokens[before] == "::")
    }

    fn in_test(&self) -> bool {
        self.module.in_test || self.for_test || self.scopes.iter().any(|scope| scope.in_test)
    }

    fn open(&mut self, module: Option<String>) {
        self.scopes.push(Scope { module, in_test: self.for_test });
        self.for_test = false;
    }

    /// `#[cfg(test)]`, also as one of several alternatives; `not(test)` is not it.
    fn attribute(&mut self) {
        let rest = &self.tokens[self.at..];
        let length = rest.iter().position(|token| *token == "]").map_or(rest.len(), |end| end + 1);
        let words = &rest[..length];
        let is_cfg = words.get(2) == Some(&"cfg");
        self.for_test |= is_cfg && words.contains(&"test") && !words.contains(&"not");
        self.at += length;
    }

    fn declaration(&mut self, source: &mut Source) {
        let name = self.token(1).to_owned();
        if self.token(2) == "{" {
            self.open(Some(name));
        } else {
            source.children.push(Child { name, inline: self.inline(), in_test: self.in_test() });
            self.for_test = false;
        }
        self.at += 3;
    }

    fn inline(&self) -> Vec<String> {
        self.scopes.iter().filter_map(|scope| scope.module.clone()).collect()
    }

    fn path(&mut self, source: &mut Source) {
        let mut paths = Vec::new();
        self.tree(&mut Vec::new(), &mut paths);
        let in_test = self.in_test();
        let parts = paths.iter().filter_map(|path| self.part(path));
        source.uses.extend(parts.map(|part| Use { part, in_test }));
    }

    /// Takes a path apart, with all that branch off it in braces.
    fn tree(&mut self, above: &mut Vec<&'a str>, paths: &mut Vec<Vec<&'a str>>) {
        let length = above.len();
        loop {
            above.push(self.token(0));
            self.at += 1;
            if self.token(0) != "::" || self.token(1) == "<" {
                paths.push(above.clone());
                break;
            }
            self.at += 1;
            if self.token(0) == "{" {
                self.branches(above, paths);
                break;
            }
        }
        above.truncate(length);
    }

    fn branches(&mut self, above: &mut Vec<&'a str>, paths: &mut Vec<Vec<&'a str>>) {
        self.at += 1;
        while !matches!(self.token(0), "}" | "") {
            match self.token(0) {
                "," => self.at += 1,
                "as" => self.at += 2,
                _ => self.tree(above, paths),
            }
        }
        self.at += 1;
    }

    /// The first name below the crate's root, if the path comes from there.
    fn part(&self, path: &[&str]) -> Option<String> {
        let depth = self.module.path.len() + self.inline().len();
        let climbs = path.iter().take_while(|name| **name == "super").count();
        let from_root = match path.first() {
            Some(&"crate") => &path[1..],
            _ if climbs >= depth => &path[climbs..],
            _ => return None,
        };
        Some(from_root.first().copied().unwrap_or("the crate itself").to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(text: &str, module: &[&str]) -> Vec<(String, bool)> {
        let path = module.iter().map(|name| (*name).to_owned()).collect();
        let source = read(text, &Module { path, in_test: false });
        source.uses.into_iter().map(|used| (used.part, used.in_test)).collect()
    }

    fn plain(parts: &[&str]) -> Vec<(String, bool)> {
        parts.iter().map(|part| ((*part).to_owned(), false)).collect()
    }

    #[test]
    fn sees_through_nested_trees() {
        let text = "pub use crate::{domain::{ids::{A, B as C}, self}, ports::store::*, flows}; use super::{a, b::c};";
        assert_eq!(uses(text, &["http", "x"]), plain(&["domain", "domain", "domain", "ports", "flows"]));
    }

    #[test]
    fn sees_paths_in_code_and_types_and_macros() {
        let text = "fn f(a: Vec<crate::domain::A>) -> crate::ports::B<crate::flows::C> { m!(crate::http::d::<u8>()) }";
        assert_eq!(uses(text, &["domain"]), plain(&["domain", "ports", "flows", "http"]));
    }

    #[test]
    fn follows_super_to_the_root_and_no_further() {
        assert_eq!(uses("use super::http::a;", &["domain"]), plain(&["http"]));
        assert_eq!(uses("use super::super::http::a;", &["domain", "x"]), plain(&["http"]));
        assert_eq!(uses("use super::a; mod y { use super::b; use super::super::c; }", &["domain", "x"]), plain(&[]));
        assert_eq!(uses("mod y { fn f() { super::super::http::g() } }", &["domain"]), plain(&["http"]));
    }

    #[test]
    fn is_not_fooled_by_what_is_no_path() {
        let text =
            "// crate::flows\n/// [`crate::flows::A`]\npub(crate) fn f<'a>() { pub(in crate) x; \"crate::http\"; }";
        assert_eq!(uses(text, &["domain"]), plain(&[]));
    }

    #[test]
    fn names_what_would_take_the_whole_crate() {
        assert_eq!(uses("use crate::*;", &["domain"]), plain(&["*"]));
        assert_eq!(uses("use crate::{self as all};", &["domain"]), plain(&["self"]));
    }

    #[test]
    fn tells_the_code_of_tests_from_the_rest() {
        let text = "#[cfg(test)] mod tests { use crate::testing::a; mod deep { use crate::testing::b; } } \
                    #[cfg(any(test, feature = \"x\"))] fn f(a: A) { crate::testing::c() } use crate::testing::d; \
                    #[cfg(test)] use crate::testing::e; #[cfg(not(test))] use crate::testing::f;";
        let in_test: Vec<_> = uses(text, &["domain"]).into_iter().map(|(_, in_test)| in_test).collect();
        assert_eq!(in_test, [true, true, true, false, true, false]);
    }

    #[test]
    fn finds_modules_with_files_of_their_own() {
        let text = "pub mod a; #[cfg(test)] mod b; mod c { pub(super) mod d; } mod e {}";
        let children = read(text, &Module::root()).children;
        let child = |name: &str, inline: &[&str], in_test| Child {
            name: name.to_owned(),
            inline: inline.iter().map(|name| (*name).to_owned()).collect(),
            in_test,
        };
        assert_eq!(children, [child("a", &[], false), child("b", &[], true), child("d", &["c"], false)]);
    }
}
