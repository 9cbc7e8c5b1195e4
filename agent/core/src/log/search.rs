//! Where in a block of lines any pattern of a host may match, at the speed of memory.
//!
//! Most patterns hold some text that every match of theirs has (`Failed password`): all of these texts are looked for at once.
//! The patterns that hold none are one automaton. What is found is only a candidate: its line is then judged by its patterns
//! one by one, as if it stood alone. No match is missed: a line that a pattern matches alone holds its text, and the automaton,
//! whose anchors stand for ends of lines, finds it from any earlier start.

mod literal;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memchr2, memrchr};
use regex::bytes::RegexSet;
use regex_automata::meta;
use regex_automata::util::syntax;

use literal::{anchored_by_line, literals};

/// What the automata of the patterns may grow to, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The patterns of a host, prepared.
#[derive(Debug)]
pub(super) struct Search {
    /// Finds any text of any pattern in a block; `None` where no pattern holds one.
    texts: Option<Texts>,
    /// The others.
    rest: Option<Rest>,
}

#[derive(Debug)]
struct Texts {
    /// The first in a block.
    first: AhoCorasick,
    /// All in a line, overlapping.
    all: AhoCorasick,
    /// The pattern that each text is of.
    owners: Vec<usize>,
}

#[derive(Debug)]
struct Rest {
    block: meta::Regex,
    line: RegexSet,
    patterns: Vec<usize>,
}

impl Search {
    /// # Errors
    /// The patterns that hold no text are too large together.
    pub(super) fn new(patterns: &[&str]) -> Result<Self, regex::Error> {
        let (mut texts, mut owners, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for (index, pattern) in patterns.iter().enumerate() {
            match parsed(pattern).as_ref().and_then(literals) {
                Some(found) => {
                    owners.extend(std::iter::repeat_n(index, found.len()));
                    texts.extend(found);
                }
                None => rest.push(index),
            }
        }
        Ok(Self { texts: Texts::new(&texts, owners), rest: Rest::new(patterns, rest)? })
    }

    /// The patterns that may match `line`, in their order.
    pub(super) fn of_line(&self, line: &[u8]) -> Vec<usize> {
        let mut patterns = Vec::new();
        self.texts.iter().for_each(|texts| texts.owners(line, &mut patterns));
        self.rest.iter().for_each(|rest| rest.matching(line, &mut patterns));
        patterns.sort_unstable();
        patterns.dedup();
        patterns
    }

    /// Hands out each line of `block` that any pattern may match, with these patterns in their order. `cut`: some line is
    /// longer than what is matched of it.
    pub(super) fn candidates(&self, block: &[u8], cut: bool, each: &mut dyn FnMut(&[u8], &[usize])) {
        // Else a line begins or ends elsewhere than the automaton thinks.
        let plain = !cut && memchr2(b'\r', 0, block).is_none();
        let (mut at, mut text, mut rest) = (0, Next::Unknown, Next::Unknown);
        let mut patterns = Vec::new();
        while at < block.len() {
            text = text.from(at, || self.texts.as_ref()?.first(block, at));
            rest = rest.from(at, || self.rest.as_ref()?.first(block, at, plain));
            // Behind the last end of a line there is none.
            let Some(found) = text.earlier(rest).filter(|found| *found < block.len()) else { return };
            let start =
                block.get(at..found).and_then(|before| memrchr(b'\n', before)).map_or(at, |end| at + end + 1);
            let end = block
                .get(found..)
                .and_then(|after| memchr(b'\n', after))
                .map_or(block.len(), |end| found + end + 1);
            let line = super::line::trimmed(block.get(start..end).unwrap_or_default());
            patterns.clear();
            if text.is_before(end) {
                self.texts.iter().for_each(|texts| texts.owners(line, &mut patterns));
            }
            if rest.is_before(end) {
                self.rest.iter().for_each(|rest| rest.matching(line, &mut patterns));
            }
            patterns.sort_unstable();
            patterns.dedup();
            each(line, &patterns);
            at = end;
        }
    }
}

/// Where the next candidate is, as far as it was looked for.
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

    fn earlier(self, other: Self) -> Option<usize> {
        match (self, other) {
            (Self::At(one), Self::At(other)) => Some(one.min(other)),
            (Self::At(one), _) | (_, Self::At(one)) => Some(one),
            _ => None,
        }
    }

    fn is_before(self, end: usize) -> bool {
        matches!(self, Self::At(found) if found < end)
    }
}

impl Texts {
    fn new(texts: &[Vec<u8>], owners: Vec<usize>) -> Option<Self> {
        let built = |kind| AhoCorasick::builder().match_kind(kind).build(texts).ok();
        if texts.is_empty() {
            return None;
        }
        Some(Self { first: built(MatchKind::LeftmostFirst)?, all: built(MatchKind::Standard)?, owners })
    }

    fn first(&self, block: &[u8], at: usize) -> Option<usize> {
        let input = aho_corasick::Input::new(block).range(at..);
        self.first.find(input).map(|found| found.start())
    }

    fn owners(&self, line: &[u8], into: &mut Vec<usize>) {
        let found = self.all.find_overlapping_iter(line);
        into.extend(found.filter_map(|found| self.owners.get(found.pattern().as_usize())));
    }
}

impl Rest {
    fn new(all: &[&str], patterns: Vec<usize>) -> Result<Option<Self>, regex::Error> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let texts: Vec<&str> = patterns.iter().filter_map(|index| all.get(*index).copied()).collect();
        let line = RegexSet::new(&texts)?;
        let hirs: Vec<_> = texts.iter().filter_map(|text| parsed(text)).map(anchored_by_line).collect();
        let config = meta::Config::new().nfa_size_limit(Some(MOST_BYTES)).hybrid_cache_capacity(MOST_BYTES);
        let block = meta::Builder::new().configure(config).build_many_from_hir(&hirs);
        let block = block.map_err(|_| regex::Error::CompiledTooBig(MOST_BYTES))?;
        Ok(Some(Self { block, line, patterns }))
    }

    /// Of a block whose lines are not plain, each line is a candidate.
    fn first(&self, block: &[u8], at: usize, plain: bool) -> Option<usize> {
        if !plain {
            return Some(at);
        }
        self.block.find(regex_automata::Input::new(block).range(at..)).map(|found| found.start())
    }

    fn matching(&self, line: &[u8], into: &mut Vec<usize>) {
        let matching = self.line.matches(line);
        into.extend(matching.iter().filter_map(|index| self.patterns.get(index)));
    }
}

/// The pattern as `regex::bytes` reads it.
fn parsed(pattern: &str) -> Option<regex_syntax::hir::Hir> {
    syntax::parse_with(pattern, &syntax::Config::new().utf8(false)).ok()
}

#[cfg(test)]
mod tests;
