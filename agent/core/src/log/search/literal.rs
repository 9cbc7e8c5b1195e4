//! The texts of which every match of a pattern holds one, where there are some worth looking for.

use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Capture, Hir, HirKind, Look, Repetition};

/// A shorter text is in too many lines.
const LEAST_BYTES: usize = 3;
/// One that is shorter, or has fewer bytes that are no digits, may well be in every tenth.
const RARE_BYTES: usize = 5;
const RARE_OTHERS: usize = 3;
/// What is longer than this is as rare as can be.
const ENOUGH_BYTES: usize = 12;
/// More texts than this of one pattern cost more than they save.
const MOST_TEXTS: usize = 32;

/// Texts that every match of the pattern holds one of; `None` where it may match without any that is worth it.
pub(super) fn literals(pattern: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut best = None;
    search(pattern, &mut best);
    best.map(|found: Found| found.texts)
}

/// Whether few lines hold such a text, whatever the log.
pub(super) fn are_rare(texts: &[Vec<u8>]) -> bool {
    let is_rare = |text: &Vec<u8>| {
        let others = text.iter().filter(|byte| !byte.is_ascii_digit() && **byte != b' ').count();
        text.len() >= RARE_BYTES && others >= RARE_OTHERS
    };
    texts.iter().all(is_rare)
}

/// A candidate: the longer its shortest text, and the fewer there are, the better.
struct Found {
    texts: Vec<Vec<u8>>,
    worth: (usize, usize),
}

/// Every match of `hir` has a match of each of its parts in it: the texts that begin each part, from each part on.
fn search(hir: &Hir, best: &mut Option<Found>) {
    consider(hir, best);
    match hir.kind() {
        HirKind::Capture(Capture { sub, .. }) => search(sub, best),
        HirKind::Repetition(Repetition { min, sub, .. }) if *min > 0 => search(sub, best),
        HirKind::Concat(parts) => {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    consider(&Hir::concat(parts.get(index..).unwrap_or_default().to_vec()), best);
                }
                search(part, best);
            }
        }
        HirKind::Alternation(parts) => {
            let each: Option<Vec<_>> = parts.iter().map(literals).collect();
            if let Some(each) = each {
                take(each.concat(), best);
            }
        }
        _ => {}
    }
}

fn consider(hir: &Hir, best: &mut Option<Found>) {
    let mut seq: Seq = Extractor::new().kind(ExtractKind::Prefix).extract(hir);
    seq.dedup();
    if let Some(texts) = seq.literals() {
        take(texts.iter().map(|literal| literal.as_bytes().to_vec()).collect(), best);
    }
}

fn take(texts: Vec<Vec<u8>>, best: &mut Option<Found>) {
    let shortest = texts.iter().map(Vec::len).min().unwrap_or(0);
    if shortest < LEAST_BYTES || texts.len() > MOST_TEXTS {
        return;
    }
    let worth = (shortest.min(ENOUGH_BYTES), MOST_TEXTS - texts.len());
    if best.as_ref().is_none_or(|best| worth > best.worth) {
        *best = Some(Found { texts, worth });
    }
}

/// The same pattern for a block of lines: where it asks for the start or end of all, that of a line will do.
pub(super) fn anchored_by_line(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(Look::Start) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End) => Hir::look(Look::EndLF),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(anchored_by_line(*repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition })
        }
        HirKind::Capture(capture) => {
            let sub = Box::new(anchored_by_line(*capture.sub));
            Hir::capture(Capture { sub, ..capture })
        }
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(anchored_by_line).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(anchored_by_line).collect()),
    }
}
