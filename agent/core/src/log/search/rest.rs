//! The patterns that are not told by a rare text: which lines of a block they match, by tables, and which match a line alone.

use std::iter::Peekable;
use std::vec::IntoIter;

use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::{Input, MatchKind, PatternSet, meta};
use regex_syntax::hir::Hir;

use super::literal::anchored_by_line;
use super::table::{self, ALONE, MOST_PATTERNS, Marked, Table};

/// What the automaton of the patterns may grow to, in bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What it may remember of its states, in bytes.
const REMEMBERED_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Rest {
    /// A table for each [`MOST_PATTERNS`] of them.
    tables: Vec<Table>,
    /// All of them, of a line that stands alone.
    line: meta::Regex,
    patterns: Vec<usize>,
}

impl Rest {
    pub(super) fn new(patterns: Vec<(usize, Hir)>) -> Result<Option<Self>, regex::Error> {
        if patterns.is_empty() {
            return Ok(None);
        }
        let (patterns, hirs): (Vec<usize>, Vec<Hir>) = patterns.into_iter().unzip();
        // Which, not where.
        let config = meta::Config::new()
            .utf8_empty(false)
            .match_kind(MatchKind::All)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MOST_BYTES))
            .hybrid_cache_capacity(REMEMBERED_BYTES);
        let line = meta::Builder::new().configure(config).build_many_from_hir(&hirs);
        let line = line.map_err(|_| regex::Error::CompiledTooBig(MOST_BYTES))?;
        let by_line: Vec<Hir> = hirs.into_iter().map(anchored_by_line).collect();
        let tables = by_line.chunks(MOST_PATTERNS).map(|patterns| Table::new(patterns, MOST_BYTES));
        Ok(Some(Self { tables: tables.collect::<Result<_, _>>()?, line, patterns }))
    }

    pub(super) fn matching(&self, line: &[u8], marks: &[u64], into: &mut Vec<usize>) {
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

/// The lines of a block that patterns without texts match, one after the other.
pub(super) struct Marks {
    tables: Vec<Peekable<IntoIter<Marked>>>,
    /// Of the line that was taken last, by table.
    taken: Vec<u64>,
}

impl Marks {
    pub(super) fn of(rest: Option<&Rest>, block: &[u8], plain: bool) -> Self {
        let marked = |table: &Table| if plain { table.marked(block) } else { table::each_alone(block) };
        let tables =
            rest.iter().flat_map(|rest| &rest.tables).map(|table| marked(table).into_iter().peekable());
        let tables: Vec<_> = tables.collect();
        Self { taken: vec![0; tables.len()], tables }
    }

    /// Where the next one begins.
    pub(super) fn next(&mut self) -> Option<usize> {
        self.tables.iter_mut().filter_map(|marked| marked.peek().map(|marked| marked.start)).min()
    }

    /// What there is of lines that begin before `end`.
    pub(super) fn take(&mut self, end: usize) -> &[u64] {
        for (taken, marked) in self.taken.iter_mut().zip(&mut self.tables) {
            *taken = marked.next_if(|marked| marked.start < end).map_or(0, |marked| marked.patterns);
        }
        &self.taken
    }
}
