//! Which lines of a block match any pattern of a host, at the speed of memory.
//!
//! Most patterns hold some text that every match of theirs has (`Failed password`): all of these texts are looked for at once,
//! and a line that holds one is asked of its pattern. The patterns that hold none, or only such as are in every tenth line, go
//! through a table of states together. No match is missed or made up: a line that a pattern matches alone holds its text, and
//! the table reads each line by itself. Lines that are not what they look like in the block (carriage returns, NULs, too long)
//! are asked one by one.

mod literal;
mod pattern;
mod rest;
mod table;
mod texts;

use memchr::{memchr, memchr2, memrchr};
use regex::bytes::Regex;
use regex_automata::util::syntax;
use regex_syntax::hir::Hir;

use literal::{are_rare, literals};
use pattern::Pattern;
use rest::{Marks, Rest};
use table::ALONE;
use texts::Texts;

/// Patterns whose texts many lines hold, for which a table does not pay.
const FEW_COMMON: usize = 4;
/// The patterns of a host, prepared.
#[derive(Debug)]
pub(super) struct Search {
    patterns: Vec<Pattern>,
    /// Finds any text of any pattern in a block; `None` where no pattern holds one.
    texts: Option<Texts>,
    /// The others.
    rest: Option<Rest>,
}

impl Search {
    /// # Errors
    /// The patterns that hold no text are too large together.
    pub(super) fn new(patterns: &[&str]) -> Result<Self, regex::Error> {
        let compiled = patterns.iter().map(|pattern| Pattern::new(pattern)).collect();
        let parsed: Vec<(usize, Hir)> = patterns
            .iter()
            .enumerate()
            .filter_map(|(index, pattern)| Some((index, parsed(pattern)?)))
            .collect();
        let found: Vec<Option<Vec<Vec<u8>>>> = parsed.iter().map(|(_, hir)| literals(hir)).collect();
        let is_common = |texts: &&Vec<Vec<u8>>| !are_rare(texts);
        // Where there is a table, one more pattern costs it nothing.
        let tabled = found.iter().any(Option::is_none)
            || found.iter().flatten().filter(is_common).count() > FEW_COMMON;
        let (mut texts, mut owners, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for ((index, hir), found) in parsed.into_iter().zip(found) {
            match found.filter(|texts| !tabled || are_rare(texts)) {
                Some(found) => {
                    owners.extend(std::iter::repeat_n(index, found.len()));
                    texts.extend(found);
                }
                None => rest.push((index, hir)),
            }
        }
        Ok(Self { patterns: compiled, texts: Texts::new(&texts, owners), rest: Rest::new(rest)? })
    }

    /// The pattern of this number, for its groups.
    pub(super) fn pattern(&self, index: usize) -> Option<&Regex> {
        self.patterns.get(index)?.regex()
    }

    /// Whether every pattern is told by a rare text, and these are few enough to be looked for many bytes at a time.
    #[cfg(test)]
    pub(super) fn is_fast(&self) -> bool {
        self.rest.is_none() && self.texts.as_ref().is_none_or(Texts::are_by_vectors)
    }

    /// The patterns that match `line`, in their order.
    pub(super) fn of_line(&self, line: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        self.judge(line, true, &[ALONE], &mut found);
        found
    }

    /// Hands out each line of `block` that any pattern matches, with these patterns in their order. `cut`: some line is longer
    /// than what is matched of it.
    pub(super) fn matching(&self, block: &[u8], cut: bool, each: &mut dyn FnMut(&[u8], &[usize])) {
        // Else a line begins or ends elsewhere than the tables think.
        let plain = !cut && memchr2(b'\r', 0, block).is_none();
        let mut marks = Marks::of(self.rest.as_ref(), block, plain);
        let (mut at, mut text, mut patterns) = (0, Next::Unknown, Vec::new());
        while at < block.len() {
            text = text.from(at, || self.texts.as_ref()?.first(block, at));
            // Behind the last end of a line there is none.
            let Some(found) = text.earlier(marks.next()).filter(|found| *found < block.len()) else { return };
            let before = block.get(at..found).and_then(|before| memrchr(b'\n', before));
            let start = before.map_or(at, |end| at + end + 1);
            let after = block.get(found..).and_then(|after| memchr(b'\n', after));
            let end = after.map_or(block.len(), |end| found + end + 1);
            let line = super::line::trimmed(block.get(start..end).unwrap_or_default());
            self.judge(line, text.is_before(end), marks.take(end), &mut patterns);
            if !patterns.is_empty() {
                each(line, &patterns);
            }
            at = end;
        }
    }

    /// The patterns that match `line`: of those with texts where `texts` says so, of the others as `marks` say.
    fn judge(&self, line: &[u8], texts: bool, marks: &[u64], found: &mut Vec<usize>) {
        found.clear();
        if let Some(texts) = self.texts.as_ref().filter(|_| texts) {
            texts.owners(line, found);
            found.retain(|index| self.patterns.get(*index).is_some_and(|pattern| pattern.is_match(line)));
        }
        if let Some(rest) = self.rest.as_ref().filter(|_| marks.iter().any(|mark| *mark != 0)) {
            rest.matching(line, marks, found);
            found.sort_unstable();
        }
    }
}

/// Where the next text is, as far as it was looked for.
#[derive(Clone, Copy)]
enum Next {
    Unknown,
    At(usize),
    Nowhere,
}

impl Next {
    /// Looks again where what is known lies before `at`.
    fn from(self, at: usize, look: impl FnOnce() -> Option<usize>) -> Self {
        match self {
            Self::At(found) if found >= at => self,
            Self::Nowhere => self,
            Self::At(_) | Self::Unknown => look().map_or(Self::Nowhere, Self::At),
        }
    }

    fn earlier(self, other: Option<usize>) -> Option<usize> {
        match (self, other) {
            (Self::At(one), Some(other)) => Some(one.min(other)),
            (Self::At(one), None) => Some(one),
            (_, other) => other,
        }
    }

    fn is_before(self, end: usize) -> bool {
        matches!(self, Self::At(found) if found < end)
    }
}

/// The pattern as `regex::bytes` reads it.
fn parsed(pattern: &str) -> Option<Hir> {
    syntax::parse_with(pattern, &syntax::Config::new().utf8(false)).ok()
}

/// The texts of a pattern that are looked for; `None` where it falls to the automaton.
#[cfg(test)]
pub(super) fn literals_of(pattern: &str) -> Option<Vec<Vec<u8>>> {
    literals(&parsed(pattern)?)
}

#[cfg(test)]
mod tests;
