//! Which lines of a block match any pattern of a host, at the speed of memory.
//!
//! Most patterns hold some text that every match of theirs has (`Failed password`): all of these texts are looked for at once,
//! and a line that holds one is asked of its pattern. The patterns that hold none, or only such as are in every tenth line, go
//! through a table of states together. No match
//! is missed or made up: a line that a pattern matches alone holds its text, and the table reads each line by itself. Lines that
//! are not what they look like in the block (carriage returns, NULs, too long) are asked one by one.

mod literal;
mod table;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::{memchr, memchr2, memrchr};
use regex::bytes::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_automata::{Input, PatternSet, meta};
use regex_syntax::hir::Hir;

use literal::{anchored_by_line, are_rare, literals};
use table::{ALONE, MOST_PATTERNS, Marked, Table};

/// Patterns whose texts many lines hold, for which a table does not pay.
const FEW_COMMON: usize = 4;
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
    /// A table for each [`MOST_PATTERNS`] of them.
    tables: Vec<Table>,
    /// All of them, of a line that stands alone.
    line: meta::Regex,
    patterns: Vec<usize>,
}

impl Search {
    /// # Errors
    /// The patterns that hold no text are too large together.
    pub(super) fn new(patterns: &[&str]) -> Result<Self, regex::Error> {
        let compiled = patterns.iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>()?;
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
        self.patterns.get(index)
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

/// The lines of a block that patterns without texts match, one after the other.
struct Marks {
    tables: Vec<std::iter::Peekable<std::vec::IntoIter<Marked>>>,
    /// Of the line that was taken last, by table.
    taken: Vec<u64>,
}

impl Marks {
    fn of(rest: Option<&Rest>, block: &[u8], plain: bool) -> Self {
        let marked = |table: &Table| if plain { table.marked(block) } else { table::each_alone(block) };
        let tables =
            rest.iter().flat_map(|rest| &rest.tables).map(|table| marked(table).into_iter().peekable());
        let tables: Vec<_> = tables.collect();
        Self { taken: vec![0; tables.len()], tables }
    }

    /// Where the next one begins.
    fn next(&mut self) -> Option<usize> {
        self.tables.iter_mut().filter_map(|marked| marked.peek().map(|marked| marked.start)).min()
    }

    /// What there is of lines that begin before `end`.
    fn take(&mut self, end: usize) -> &[u64] {
        for (taken, marked) in self.taken.iter_mut().zip(&mut self.tables) {
            *taken = marked.next_if(|marked| marked.start < end).map_or(0, |marked| marked.patterns);
        }
        &self.taken
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
        // Which, not where.
        let config = meta::Config::new()
            .utf8_empty(false)
            .match_kind(regex_automata::MatchKind::All)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MOST_BYTES))
            .hybrid_cache_capacity(REMEMBERED_BYTES);
        let line = meta::Builder::new().configure(config).build_many_from_hir(&hirs);
        let line = line.map_err(|_| regex::Error::CompiledTooBig(MOST_BYTES))?;
        let by_line: Vec<Hir> = hirs.into_iter().map(anchored_by_line).collect();
        let tables = by_line.chunks(MOST_PATTERNS).map(|patterns| Table::new(patterns, MOST_BYTES));
        Ok(Some(Self { tables: tables.collect::<Result<_, _>>()?, line, patterns }))
    }

    fn matching(&self, line: &[u8], marks: &[u64], into: &mut Vec<usize>) {
        if marks.iter().any(|mark| mark & ALONE != 0) {
            let mut found = PatternSet::new(self.line.pattern_len());
            self.line.which_overlapping_matches(&Input::new(line), &mut found);
            into.extend(found.iter().filter_map(|pattern| self.patterns.get(pattern.as_usize())));
            return;
        }
        for (mark, patterns) in marks.iter().zip(self.patterns.chunks(MOST_PATTERNS)) {
            let mut left = *mark;
            while left != 0 {
                into.extend(patterns.get(left.trailing_zeros() as usize));
                left &= left - 1;
            }
        }
    }
}

/// The pattern as `regex::bytes` reads it.
fn parsed(pattern: &str) -> Option<Hir> {
    syntax::parse_with(pattern, &syntax::Config::new().utf8(false)).ok()
}

#[cfg(test)]
mod tests;
