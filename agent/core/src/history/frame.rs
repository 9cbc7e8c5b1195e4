//! Frames: what is written at once, with its checksum, and found again behind anything that is damaged.
//!
//! ```text
//! "nmH1"  kind  length (u32)  CRC-32 of kind and content (u32)  content            whole numbers big-endian
//! content: sections; section: letters shared with the name before, name's rest, count, length, items
//! ```
//! A name is signal, NUL, subject. Kinds: `R` readings, `H` hours; others are of later versions and are passed over.

use std::collections::BTreeMap;

use super::Series;
use super::bytes::{Bytes, put};

const MARK: [u8; 4] = *b"nmH1";
const HEAD_BYTES: usize = 13;
/// A frame is closed when it holds this much.
const FULL_BYTES: usize = 32 * 1024;
/// And none is larger: a length beyond it is damage.
const MOST_BYTES: usize = 256 * 1024;
/// Items of one section, and letters of one name, so that a section never outgrows its frame.
const MOST_ITEMS: usize = 1024;
const MOST_NAME_BYTES: usize = 16 * 1024;

/// What a section may hold.
pub trait Kept: Sized {
    /// Names it in a frame's head.
    const KIND: u8;
    fn write(items: &[Self], into: &mut Vec<u8>);
    /// `None` when it is not exactly `count` items.
    fn read(count: usize, from: &[u8]) -> Option<Vec<Self>>;
}

/// `kept` as frames, one after the other; what holds no item, or has an endless name, is left out.
pub fn encode<T: Kept>(kept: &BTreeMap<Series, Vec<T>>) -> Vec<u8> {
    let mut frames = Vec::new();
    let (mut content, mut before) = (Vec::new(), String::new());
    for ((signal, subject), items) in kept {
        let name = format!("{signal}\0{subject}");
        if name.len() > MOST_NAME_BYTES {
            continue;
        }
        for items in items.chunks(MOST_ITEMS) {
            if content.len() >= FULL_BYTES {
                close::<T>(&mut frames, &mut content);
                before.clear();
            }
            section(&before, &name, items, &mut content);
            before.clone_from(&name);
        }
    }
    close::<T>(&mut frames, &mut content);
    frames
}

fn section<T: Kept>(before: &str, name: &str, items: &[T], content: &mut Vec<u8>) {
    let shared = before.bytes().zip(name.bytes()).take_while(|(one, other)| one == other).count();
    let rest = name.as_bytes().get(shared..).unwrap_or_default();
    put(content, shared as u128);
    put(content, rest.len() as u128);
    content.extend_from_slice(rest);
    let mut body = Vec::with_capacity(items.len() * 4);
    T::write(items, &mut body);
    put(content, items.len() as u128);
    put(content, body.len() as u128);
    content.append(&mut body);
}

fn close<T: Kept>(frames: &mut Vec<u8>, content: &mut Vec<u8>) {
    let Ok(length @ 1..) = u32::try_from(content.len()) else { return };
    frames.extend_from_slice(&MARK);
    frames.push(T::KIND);
    frames.extend_from_slice(&length.to_be_bytes());
    frames.extend_from_slice(&checksum(T::KIND, content).to_be_bytes());
    frames.append(content);
}

fn checksum(kind: u8, content: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(content);
    crc.finalize()
}

/// What a file holds of `T`, of the signals and subjects that are wanted, in the order it was written; and how often
/// something was skipped: a torn write, a damaged page, what no version of this program wrote.
pub fn decode<T: Kept>(bytes: &[u8], wanted: &dyn Fn(&str, &str) -> bool) -> (BTreeMap<Series, Vec<T>>, u64) {
    let mut kept: BTreeMap<Series, Vec<T>> = BTreeMap::new();
    let (mut rest, mut damaged) = (bytes, 0);
    while !rest.is_empty() {
        let Some((kind, content)) = front(rest) else {
            damaged += 1;
            rest = behind_damage(rest);
            continue;
        };
        rest = rest.get(HEAD_BYTES + content.len()..).unwrap_or_default();
        if kind == T::KIND && sections(content, wanted, &mut kept).is_none() {
            damaged += 1;
        }
    }
    (kept, damaged)
}

/// Kind and content of the frame that begins here, where its checksum fits.
fn front(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut head = Bytes(bytes);
    if head.take(MARK.len())? != MARK {
        return None;
    }
    let kind = head.byte()?;
    let length = u32::from_be_bytes(head.take(4)?.try_into().ok()?);
    let sum = u32::from_be_bytes(head.take(4)?.try_into().ok()?);
    let length = usize::try_from(length).ok().filter(|length| *length <= MOST_BYTES)?;
    let content = head.take(length)?;
    (checksum(kind, content) == sum).then_some((kind, content))
}

/// The next place where a frame may begin.
fn behind_damage(bytes: &[u8]) -> &[u8] {
    let rest = bytes.get(1..).unwrap_or_default();
    let next = rest.windows(MARK.len()).position(|window| window == MARK);
    next.and_then(|next| rest.get(next..)).unwrap_or_default()
}

/// `None` when the content does not end as it should.
fn sections<T: Kept>(
    content: &[u8],
    wanted: &dyn Fn(&str, &str) -> bool,
    into: &mut BTreeMap<Series, Vec<T>>,
) -> Option<()> {
    let (mut bytes, mut name) = (Bytes(content), Vec::new());
    while !bytes.0.is_empty() {
        let shared = bytes.size().filter(|shared| *shared <= name.len())?;
        let rest = bytes.size().filter(|rest| *rest <= MOST_NAME_BYTES)?;
        name.truncate(shared);
        name.extend_from_slice(bytes.take(rest)?);
        let (count, length) = (bytes.size()?, bytes.size()?);
        let body = bytes.take(length)?;
        let (signal, subject) = std::str::from_utf8(&name).ok()?.split_once('\0')?;
        if wanted(signal, subject) {
            let items = T::read(count, body)?;
            into.entry((signal.to_owned(), subject.to_owned())).or_default().extend(items);
        }
    }
    Some(())
}
