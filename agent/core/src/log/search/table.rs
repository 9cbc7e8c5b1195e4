//! Up to [`MOST_PATTERNS`] patterns in one pass over a block: a table of states that is filled as lines ask for it.
//!
//! Where a state leads on which byte is worked out once, by regex-automata's lazy automaton, and looked up from then on. What a
//! lookup waits for is the last one's answer, so several lines are read side by side, each for what it is by itself: at the end
//! of a line the state is the first again, and no match goes on. States are bounded; patterns that need more, which lines of
//! ordinary logs do not show, are asked line by line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{Compiler, Config, WhichCaptures};
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

/// One bit each, and one for [`ALONE`].
pub(super) const MOST_PATTERNS: usize = 63;
/// Of a line: which patterns match it is not known.
pub(super) const ALONE: u64 = 1 << MOST_PATTERNS;
/// The table's bound: with 256 different bytes it is 2 MiB.
const MOST_STATES: usize = 4096;
/// What the lazy automaton may remember, in bytes.
const REMEMBERED_BYTES: usize = 4 * 1024 * 1024;
/// Lines that are read side by side: what the registers of a processor hold.
const LANES: usize = 4;
/// Not worked out yet.
const UNKNOWN: u16 = u16::MAX;

/// A line that some pattern matches, by where it begins in its block, and the patterns as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) start: usize,
    pub(super) patterns: u64,
}

pub(super) struct Table {
    automaton: DFA,
    /// Bytes that no pattern tells apart are one class.
    classes: [u8; 256],
    stride: usize,
    filled: Mutex<Option<Filled>>,
}

/// What is worked out. Gone when it outgrew its bounds.
struct Filled {
    cache: Cache,
    ids: Vec<LazyStateID>,
    numbers: BTreeMap<LazyStateID, u16>,
    /// Of each state by class, the next state.
    rows: Vec<u16>,
    /// Of each state, the patterns that end there.
    ends: Vec<u64>,
    first: u16,
}

/// It needs more than the bounds.
struct Outgrown;

/// A part of a block that is read beside others: where it lies, the line it is in, and what is known of that.
#[derive(Clone, Copy)]
struct Lane {
    at: usize,
    until: usize,
    start: usize,
    state: u16,
    ends: u64,
}

impl Table {
    /// Patterns whose anchors stand for the ends of a line.
    ///
    /// # Errors
    /// They are too large together; the bound is in bytes.
    pub(super) fn new(patterns: &[Hir], bound: usize) -> Result<Self, regex::Error> {
        let too_big = || regex::Error::CompiledTooBig(bound);
        let config =
            Config::new().utf8(false).which_captures(WhichCaptures::None).nfa_size_limit(Some(bound));
        let nfa = Compiler::new().configure(config).build_many_from_hir(patterns).map_err(|_| too_big())?;
        let classes = std::array::from_fn(|byte| nfa.byte_classes().get(u8::try_from(byte).unwrap_or(0)));
        let stride = nfa.byte_classes().alphabet_len().next_power_of_two();
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .unicode_word_boundary(true)
            .skip_cache_capacity_check(true)
            .cache_capacity(REMEMBERED_BYTES)
            // A cleared cache would change the states' meaning.
            .minimum_cache_clear_count(Some(0));
        let automaton = DFA::builder().configure(config).build_from_nfa(nfa).map_err(|_| too_big())?;
        let table = Self { automaton, classes, stride, filled: Mutex::new(None) };
        *table.filled.lock().unwrap_or_else(PoisonError::into_inner) = table.begin().ok();
        Ok(table)
    }

    fn begin(&self) -> Result<Filled, Outgrown> {
        let mut cache = self.automaton.create_cache();
        let at_line = start::Config::new().anchored(Anchored::No).look_behind(Some(b'\n'));
        let id = self.automaton.start_state(&mut cache, &at_line).map_err(|_| Outgrown)?;
        let (ids, numbers, rows, ends) = Default::default();
        let mut filled = Filled { cache, ids, numbers, rows, ends, first: 0 };
        filled.first = self.number(&mut filled, id)?;
        Ok(filled)
    }

    /// The lines of `block`, each with its end, that a pattern matches or may match, in their order.
    pub(super) fn marked(&self, block: &[u8]) -> Vec<Marked> {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = filled.as_mut().and_then(|filled| self.pass(filled, block).ok()) {
            return found;
        }
        *filled = None;
        each_alone(block)
    }

    fn pass(&self, filled: &mut Filled, block: &[u8]) -> Result<Vec<Marked>, Outgrown> {
        let mut lanes = lanes(block, filled.first);
        let mut found: [Vec<Marked>; LANES] = Default::default();
        // Side by side as far as the shortest goes, and then each to its end.
        while let Some(lane) = self.read(filled, block, &mut lanes, &mut found) {
            self.fill(filled, block, lane)?;
        }
        for (lane, found) in lanes.iter_mut().zip(&mut found) {
            let (lane, found) = (std::array::from_mut(lane), std::array::from_mut(found));
            while let Some(lane) = self.read(filled, block, lane, found) {
                self.fill(filled, block, lane)?;
            }
        }
        let mut found = found.concat();
        // A last line without an end: what would end there is not known.
        found.extend(lanes.iter().filter(|lane| lane.start < lane.until).map(|lane| alone(lane.start)));
        Ok(found)
    }

    /// Reads on until a lane is at its end, or the next state of one is not worked out: that one.
    fn read<const N: usize>(
        &self,
        filled: &Filled,
        block: &[u8],
        lanes: &mut [Lane; N],
        found: &mut [Vec<Marked>; N],
    ) -> Option<Lane> {
        let steps = lanes.iter().map(|lane| lane.until - lane.at).min().unwrap_or(0);
        let parts = lanes.map(|lane| block.get(lane.at..lane.at + steps).unwrap_or_default());
        let from = lanes.map(|lane| lane.at);
        let (rows, all_ends, stride) = (filled.rows.as_slice(), filled.ends.as_slice(), self.stride);
        let (mut states, mut ends) = (lanes.map(|lane| lane.state), lanes.map(|lane| lane.ends));
        let mut unknown = None;
        let mut step = 0;
        'steps: while step < steps {
            for index in 0..N {
                let byte = parts[index][step];
                let place =
                    usize::from(states[index]) * stride + usize::from(self.classes[usize::from(byte)]);
                let next = rows[place];
                if next == UNKNOWN {
                    unknown = Some(index);
                    break 'steps;
                }
                states[index] = next;
                ends[index] |= all_ends[usize::from(next)];
                if byte == b'\n' {
                    let end = from[index] + step + 1;
                    if ends[index] != 0 {
                        found[index].push(Marked { start: lanes[index].start, patterns: ends[index] });
                    }
                    (lanes[index].start, states[index], ends[index]) = (end, filled.first, 0);
                }
            }
            step += 1;
        }
        for index in 0..N {
            // The lanes before the one that stopped are a byte further.
            let ahead = usize::from(unknown.is_some_and(|unknown| index < unknown));
            (lanes[index].at, lanes[index].state, lanes[index].ends) =
                (from[index] + step + ahead, states[index], ends[index]);
        }
        unknown.map(|unknown| lanes[unknown])
    }

    /// Works out where the lane's state leads on its next byte.
    #[cold]
    fn fill(&self, filled: &mut Filled, block: &[u8], lane: Lane) -> Result<(), Outgrown> {
        let byte = *block.get(lane.at).ok_or(Outgrown)?;
        let id = filled.ids.get(usize::from(lane.state)).ok_or(Outgrown)?;
        let next = self.automaton.next_state(&mut filled.cache, *id, byte).map_err(|_| Outgrown)?;
        let next = self.number(filled, next)?;
        let class = self.classes.get(usize::from(byte)).copied().map_or(0, usize::from);
        *filled.rows.get_mut(usize::from(lane.state) * self.stride + class).ok_or(Outgrown)? = next;
        Ok(())
    }

    /// The number of a state in the table.
    fn number(&self, filled: &mut Filled, id: LazyStateID) -> Result<u16, Outgrown> {
        if let Some(number) = filled.numbers.get(&id) {
            return Ok(*number);
        }
        if filled.ids.len() >= MOST_STATES {
            return Err(Outgrown);
        }
        let number = u16::try_from(filled.ids.len()).map_err(|_| Outgrown)?;
        let ended = |index| self.automaton.match_pattern(&filled.cache, id, index).as_usize();
        let ends = match id {
            // A word's end beside a letter that is not ASCII: only a slower automaton can tell.
            id if id.is_quit() => ALONE,
            id if id.is_match() => {
                (0..self.automaton.match_len(&filled.cache, id)).fold(0, |ends, one| ends | 1 << ended(one))
            }
            _ => 0,
        };
        filled.ids.push(id);
        filled.ends.push(ends);
        filled.rows.resize(filled.ids.len() * self.stride, if id.is_quit() { number } else { UNKNOWN });
        filled.numbers.insert(id, number);
        Ok(number)
    }
}

/// Every line of `block`, to be asked by itself.
pub(super) fn each_alone(block: &[u8]) -> Vec<Marked> {
    let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', block).map(|end| end + 1));
    starts.take_while(|start| *start < block.len()).map(alone).collect()
}

const fn alone(start: usize) -> Marked {
    Marked { start, patterns: ALONE }
}

/// The block in parts of about the same length, each of whole lines.
fn lanes(block: &[u8], first: u16) -> [Lane; LANES] {
    let mut at = 0;
    std::array::from_fn(|lane| {
        let aim = (block.len() / LANES * (lane + 1)).max(at);
        let end = block.get(aim..).and_then(|rest| memchr::memchr(b'\n', rest)).map(|end| aim + end + 1);
        let until = if lane + 1 == LANES { block.len() } else { end.unwrap_or(block.len()) };
        let part = Lane { at, until, start: at, state: first, ends: 0 };
        at = until;
        part
    })
}

impl fmt::Debug for Table {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Table").field("stride", &self.stride).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use regex_automata::util::syntax;

    use super::*;

    fn table(patterns: &[&str]) -> Table {
        let parsed =
            |pattern: &&str| syntax::parse_with(pattern, &syntax::Config::new().utf8(false)).unwrap();
        Table::new(&patterns.iter().map(parsed).collect::<Vec<_>>(), 1 << 24).unwrap()
    }

    fn marked(table: &Table, block: &str) -> Vec<(usize, u64)> {
        table.marked(block.as_bytes()).into_iter().map(|marked| (marked.start, marked.patterns)).collect()
    }

    #[test]
    fn lines_are_told_in_their_order_however_they_are_read() {
        let table = table(&[r"\d\d", "(?m)b$"]);
        assert_eq!(marked(&table, "a1\nb\n12b\n\n77\n"), [(3, 2), (5, 3), (10, 1)]);
        assert_eq!(marked(&table, "12"), [(0, ALONE)], "without an end");
        let block: String = (0..500).map(|number| format!("{number}\n")).collect();
        assert_eq!(marked(&table, &block).len(), 490);
        assert!(marked(&table, &block).is_sorted());
        assert_eq!(marked(&table, ""), []);
    }

    #[test]
    fn a_word_beside_a_letter_that_is_not_ascii_is_asked_alone() {
        let table = table(&[r"\bab\b"]);
        assert_eq!(marked(&table, "ab\näab\nxab\n"), [(0, 1), (3, ALONE)]);
    }

    #[test]
    fn patterns_that_outgrow_the_table_are_asked_line_by_line_from_then_on() {
        let table = table(&["(?:a|b)*a(?:a|b){14}"]);
        assert_eq!(marked(&table, "ab\nb\n"), []);
        let mut state = 7_u32;
        let letter = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 31 == 0 { 'a' } else { 'b' }
        };
        let long: String = (0..60_000).map(letter).chain(['\n']).collect();
        assert_eq!(marked(&table, &long), [(0, ALONE)]);
        assert_eq!(marked(&table, "ab\nb\n"), [(0, ALONE), (3, ALONE)]);
    }
}
