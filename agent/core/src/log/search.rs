//! Which lines of a block match any pattern of a host, at the speed of memory.
//!
//! Most patterns hold some text that every match of theirs has (`Failed password`): all of these texts are looked for at once,
//! and a line that holds one is asked of its pattern. The patterns that hold none are one automaton. No match is missed: a line
//! that a pattern matches alone holds its text; and the automaton over the block, whose anchors stand for ends of lines, finds
//! it from any earlier start. What is found in the block is only a candidate: its line is judged as if it stood alone.

mod literal;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memchr2, memrchr};
use regex::bytes::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_automata::{Input, PatternSet, meta};
use regex_syntax::hir::Hir;

use literal::{anchored_by_line, literals};

/// What the automaton of the patterns may grow to, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What it may remember of its states, in bytes.
const REMEMBERED_BYTES: usize = 4 * 1024 * 1024;

/// The patterns of a host, prepared.
#[derive(Debug)]
pub(super) struct Search {
    patterns: Vec<Regex>,
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
    line: meta::Regex,
    patterns: Vec<usize>,
}

impl Search {
    /// # Errors
    /// The patterns that hold no text are too large together.
    pub(super) fn new(patterns: &[&str]) -> Result<Self, regex::Error> {
        let compiled = patterns.iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>()?;
        let (mut texts, mut owners, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for (index, pattern) in patterns.iter().enumerate() {
            let Some(parsed) = parsed(pattern) else { continue };
            match literals(&parsed) {
                Some(found) => {
                    owners.extend(std::iter::repeat_n(index, found.len()));
                    texts.extend(found);
                }
                None => rest.push((index, parsed)),
            }
        }
        Ok(Self { patterns: compiled, texts: Texts::new(&texts, owners), rest: Rest::new(rest)? })
    }

    /// The pattern of this number, for its groups.
    pub(super) fn pattern(&self, index: usize) -> Option<&Regex> {
        self.patterns.get(index)
    }

    /// The patterns that match `line`, in their order.
    pub(super) fn of_line(&self, line: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        self.judge(line, true, true, &mut found);
        found
    }

    /// Hands out each line of `block` that any pattern matches, with these patterns in their order. `cut`: some line is longer
    /// than what is matched of it.
    pub(super) fn matching(&self, block: &[u8], cut: bool, each: &mut dyn FnMut(&[u8], &[usize])) {
        // Else a line begins or ends elsewhere than the automaton thinks.
        let plain = !cut && memchr2(b'\r', 0, block).is_none();
        let (mut at, mut text, mut rest) = (0, Next::Unknown, Next::Unknown);
        let mut patterns = Vec::new();
        while at < block.len() {
            text = text.from(at, || self.texts.as_ref()?.first(block, at));
            rest = rest.from(at, || self.rest.as_ref()?.first(block, at, plain));
            // Behind the last end of a line there is none.
            let Some(found) = text.earlier(rest).filter(|found| *found < block.len()) else { return };
            let before = block.get(at..found).and_then(|before| memrchr(b'\n', before));
            let start = before.map_or(at, |end| at + end + 1);
            let after = block.get(found..).and_then(|after| memchr(b'\n', after));
            let end = after.map_or(block.len(), |end| found + end + 1);
            let line = super::line::trimmed(block.get(start..end).unwrap_or_default());
            self.judge(line, text.is_before(end), rest.is_before(end), &mut patterns);
            if !patterns.is_empty() {
                each(line, &patterns);
            }
            at = end;
        }
    }

    /// The patterns of the asked kinds that match `line`.
    fn judge(&self, line: &[u8], texts: bool, rest: bool, found: &mut Vec<usize>) {
        found.clear();
        if let Some(texts) = self.texts.as_ref().filter(|_| texts) {
            texts.owners(line, found);
            found.retain(|index| self.patterns.get(*index).is_some_and(|pattern| pattern.is_match(line)));
        }
        if let Some(rest) = self.rest.as_ref().filter(|_| rest) {
            rest.matching(line, found);
            found.sort_unstable();
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
        self.first.find(aho_corasick::Input::new(block).range(at..)).map(|found| found.start())
    }

    /// Each once, in their order.
    fn owners(&self, line: &[u8], into: &mut Vec<usize>) {
        let found = self.all.find_overlapping_iter(line);
        into.extend(found.filter_map(|found| self.owners.get(found.pattern().as_usize())));
        into.sort_unstable();
        into.dedup();
    }
}

impl Rest {
    fn new(patterns: Vec<(usize, Hir)>) -> Result<Option<Self>, regex::Error> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let (patterns, hirs): (Vec<usize>, Vec<Hir>) = patterns.into_iter().unzip();
        let config = meta::Config::new()
            .utf8_empty(false)
            .which_captures(WhichCaptures::Implicit)
            .nfa_size_limit(Some(MOST_BYTES))
            .hybrid_cache_capacity(REMEMBERED_BYTES);
        let built = |config: &meta::Config, hirs: &[Hir]| {
            let built = meta::Builder::new().configure(config.clone()).build_many_from_hir(hirs);
            built.map_err(|_| regex::Error::CompiledTooBig(MOST_BYTES))
        };
        // Which, not where.
        let all =
            config.clone().match_kind(regex_automata::MatchKind::All).which_captures(WhichCaptures::None);
        let line = built(&all, &hirs)?;
        let by_line: Vec<Hir> = hirs.into_iter().map(anchored_by_line).collect();
        Ok(Some(Self { block: built(&config, &by_line)?, line, patterns }))
    }

    /// Of a block whose lines are not plain, each line is a candidate.
    fn first(&self, block: &[u8], at: usize, plain: bool) -> Option<usize> {
        if !plain {
            return Some(at);
        }
        self.block.find(Input::new(block).range(at..)).map(|found| found.start())
    }

    fn matching(&self, line: &[u8], into: &mut Vec<usize>) {
        let mut found = PatternSet::new(self.line.pattern_len());
        self.line.which_overlapping_matches(&Input::new(line), &mut found);
        into.extend(found.iter().filter_map(|pattern| self.patterns.get(pattern.as_usize())));
    }
}

/// The pattern as `regex::bytes` reads it.
fn parsed(pattern: &str) -> Option<Hir> {
    syntax::parse_with(pattern, &syntax::Config::new().utf8(false)).ok()
}

#[cfg(test)]
mod tests;
