//! Which ids of usage events may have come before, and where to look: in memory, for all that are known again.
//!
//! A filter that also says where. For each id it keeps 32 bits: 16 of a fingerprint, and 16 that name the row of `usage_seen` the
//! id is in. So an id that has never come is known as new by one look at one cache line a segment, and one that has come is
//! found by reading one row. (A Bloom filter needs a third of the memory, but says only in which day: one duplicate would then
//! be looked for in 8,640 buckets.)
//!
//! What it says is only ever *maybe*; the rows decide. So entries of a transaction that was rolled back, of rows since deleted
//! and those entered twice do no harm. What may not happen is an id that is in the rows and not here: `usage.rs` reads what
//! others have committed before it asks, by the numbers of `usage_stripe`.

use farthing_core::usage::{Batch, Identity, STRIPES};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Slots that one cache line has, and how many of its lines' slots a segment fills: 43 bits an id. Where a line is full, its ids go on in the next.
const LINE: usize = 16;
const FILLED_OF_FOUR: usize = 3;
/// Ids that a small segment takes: 6 MB. A new one takes half of what there is already, so there are six at ten million and
/// four where as many go as come; each costs a look an id (30 ns of some 2 µs).
const SEGMENT_LEAST: usize = 1 << 20;
const SEGMENT_MOST: usize = 1 << 27;
/// As many rows as 16 bits can name.
const PLACES_MOST: usize = 1 << 16;
/// What this process has read or written last, so that it does not read it again. When there are more it begins anew.
const READ_MOST: usize = 1 << 16;
/// So many ids are looked for at a time.
const TOUCHED_AHEAD: usize = 32;
/// A slot whose id was taken out: its line still counts as full. No fingerprint is zero.
const TAKEN_OUT: u32 = 1;

/// A row of `usage_seen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Part {
    pub(crate) bucket: i64,
    pub(crate) part: i64,
}

/// The least and the most of the times that ids begin with.
pub(crate) type Made = Option<(u64, u64)>;

pub(crate) fn wider(made: Made, other: Made) -> Made {
    match (made, other) {
        (Some((least, most)), Some((other_least, other_most))) => Some((least.min(other_least), most.max(other_most))),
        (made, other) => made.or(other),
    }
}

/// A number for each stripe.
pub(crate) type Numbers = [i64; STRIPES as usize];

#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<KnownIds>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, KnownIds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one transaction has added, to be taken out if it does not stand.
#[derive(Debug, Default)]
pub(crate) struct Taking {
    /// It has taken before: the numbers of stripes may be its own.
    pub(crate) begun: bool,
    slots: Vec<(u64, usize)>,
    parts: Vec<Part>,
}

impl Taking {
    pub(crate) fn undo(&mut self, known_ids: &Shared) {
        if self.slots.is_empty() && self.parts.is_empty() {
            return;
        }
        let mut known_ids = known_ids.lock();
        for (segment, slot) in self.slots.drain(..) {
            if let Some(segment) = known_ids.segments.iter_mut().find(|found| found.id == segment) {
                segment.slots[slot] = TAKEN_OUT;
                segment.used -= 1;
            }
        }
        for part in self.parts.drain(..) {
            known_ids.read.remove(&part);
        }
    }
}

#[derive(Debug)]
pub(crate) struct KnownIds {
    fingerprint: u32,
    /// Ids that the smallest segment takes.
    least: usize,
    /// Every committed bucket from here on has been read; none: nothing has.
    since: Option<i64>,
    /// The longest window anybody has asked for.
    pub(crate) window_days: u32,
    /// How far each stripe has been read. Only ever what was committed.
    pub(crate) numbers: Numbers,
    segments: Vec<Segment>,
    next_segment: u64,
    /// Rows that are in here, by their seals: a row that was rewritten, or written by another after ours was rolled back, has
    /// another.
    read: HashMap<Part, i64>,
}

impl KnownIds {
    pub(crate) fn shared(fingerprint_bits: u32) -> Shared {
        let fingerprint = (1 << fingerprint_bits.clamp(1, 16)) - 1;
        Shared(Arc::new(Mutex::new(KnownIds {
            fingerprint,
            least: SEGMENT_LEAST,
            since: None,
            window_days: 0,
            numbers: [0; STRIPES as usize],
            segments: Vec::new(),
            next_segment: 0,
            read: HashMap::new(),
        })))
    }

    /// Whether every bucket from `oldest` on has been read.
    pub(crate) fn reaches(&self, oldest: i64) -> bool {
        self.since.is_some_and(|since| since <= oldest)
    }

    /// Begins anew: from `since` on everything will be read.
    pub(crate) fn restart(&mut self, since: i64, numbers: &Numbers) {
        self.segments.clear();
        self.read.clear();
        self.since = Some(since);
        self.numbers = *numbers;
    }

    /// Lets go of what is older than anybody asks for.
    pub(crate) fn let_go(&mut self, before: i64) {
        if self.since.is_some_and(|since| since < before) {
            self.since = Some(before);
            self.segments.retain(|segment| segment.newest >= before);
        }
    }

    pub(crate) fn has_read(&self, part: Part, seal: i64) -> bool {
        self.read.get(&part) == Some(&seal)
    }

    /// Where the events of a batch may have come before, from `oldest` on: (row, place in the batch), in order of row.
    pub(crate) fn maybe(&self, batch: &Batch, oldest: i64) -> Vec<(Part, usize)> {
        let mut found = Vec::new();
        let mut asked = Vec::with_capacity(TOUCHED_AHEAD);
        for segment in self.segments.iter().filter(|segment| segment.newest >= oldest) {
            for few in batch.by_hash().chunks(TOUCHED_AHEAD) {
                asked.clear();
                let few = few.iter().map(|place| (*place, &batch.identities()[*place]));
                asked.extend(few.filter(|(_, identity)| segment.may_hold(identity.made_ms)));
                // All their lines are asked of memory before any is looked at: one after the other they would be waited for.
                let touched = asked.iter().fold(0, |sum, (_, identity)| sum ^ segment.touch(&identity.hash));
                std::hint::black_box(touched);
                for (place, identity) in &asked {
                    segment.each_maybe(&identity.hash, self.fingerprint, |part| {
                        if part.bucket >= oldest {
                            found.push((part, *place));
                        }
                    });
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Enters a row's ids. `taking`: those of a transaction that may yet be rolled back.
    pub(crate) fn enter(
        &mut self,
        part: Part,
        seal: i64,
        made: Made,
        hashes: impl ExactSizeIterator<Item = [u8; 16]>,
        mut taking: Option<&mut Taking>,
    ) {
        self.make_room(part, hashes.len());
        if self.read.len() >= READ_MOST {
            self.read.clear();
        }
        self.read.insert(part, seal);
        let segment = self.segments.last_mut().expect("room was just made");
        segment.made = wider(segment.made, made);
        segment.newest = segment.newest.max(part.bucket);
        let place = segment.place(part);
        for hash in hashes {
            let slot = segment.enter(&hash, self.fingerprint, place);
            if let Some(taking) = &mut taking {
                taking.slots.push((segment.id, slot));
            }
        }
        if let Some(taking) = taking {
            taking.parts.push(part);
        }
    }

    fn make_room(&mut self, part: Part, ids: usize) {
        let fits = |segment: &Segment| {
            segment.used + ids <= segment.room
                && (segment.places.len() < PLACES_MOST || segment.places.last() == Some(&part))
        };
        if self.segments.last().is_some_and(fits) {
            return;
        }
        let held: usize = self.segments.iter().map(|segment| segment.used).sum();
        let room = (held / 2).clamp(self.least, SEGMENT_MOST).max(ids);
        self.segments.push(Segment::new(self.next_segment, room));
        self.next_segment += 1;
    }
}

/// The ids of some time, in the order in which they came.
#[derive(Debug)]
struct Segment {
    id: u64,
    slots: Vec<u32>,
    lines: u64,
    used: usize,
    room: usize,
    places: Vec<Part>,
    /// Its newest bucket.
    newest: i64,
    made: Made,
}

impl Segment {
    fn new(id: u64, room: usize) -> Segment {
        let lines = (room * 4 / FILLED_OF_FOUR).div_ceil(LINE) + 1;
        Segment {
            id,
            // Fresh pages of zeros: what is not yet used takes no memory.
            slots: vec![0; lines * LINE],
            lines: lines as u64,
            used: 0,
            room,
            places: Vec::new(),
            newest: i64::MIN,
            made: None,
        }
    }

    /// The number that names a row in this segment's slots.
    fn place(&mut self, part: Part) -> u32 {
        if self.places.last() != Some(&part) {
            self.places.push(part);
        }
        u32::try_from(self.places.len() - 1).expect("a segment names at most 65,536 rows")
    }

    fn enter(&mut self, hash: &[u8; 16], fingerprint: u32, place: u32) -> usize {
        let entry = fingerprint_of(hash, fingerprint) << 16 | place;
        let mut line = self.line_of(hash);
        loop {
            let slots = &mut self.slots[line * LINE..][..LINE];
            if let Some(free) = slots.iter().position(|slot| *slot >> 16 == 0) {
                slots[free] = entry;
                self.used += 1;
                return line * LINE + free;
            }
            line = self.after(line);
        }
    }

    /// The same id begins with the same time, whatever clock made it: where there is none of its time, it is not.
    fn may_hold(&self, made_ms: Option<u64>) -> bool {
        made_ms.is_none_or(|made| self.made.is_some_and(|(least, most)| (least..=most).contains(&made)))
    }

    /// Brings an id's line from memory.
    fn touch(&self, hash: &[u8; 16]) -> u32 {
        self.slots[self.line_of(hash) * LINE]
    }

    fn each_maybe(&self, hash: &[u8; 16], fingerprint: u32, mut each: impl FnMut(Part)) {
        let fingerprint = fingerprint_of(hash, fingerprint);
        let mut line = self.line_of(hash);
        loop {
            let slots: &[u32; LINE] = self.slots[line * LINE..].first_chunk().expect("lines are whole");
            // Without a branch a slot, so that a line is compared in a few instructions.
            let (mut same, mut free) = (0_u32, 0_u32);
            for (place, slot) in slots.iter().enumerate() {
                same |= u32::from(slot >> 16 == fingerprint) << place;
                free |= u32::from(*slot == 0) << place;
            }
            while same != 0 {
                let slot = slots[same.trailing_zeros() as usize];
                each(self.places[(slot & 0xffff) as usize]);
                same &= same - 1;
            }
            if free != 0 {
                return;
            }
            line = self.after(line);
        }
    }

    /// By the first bytes of the hash, in their order: a sorted batch walks through the segment once.
    fn line_of(&self, hash: &[u8; 16]) -> usize {
        let head = u64::from_be_bytes(*hash.first_chunk().expect("16 bytes"));
        let line = (u128::from(head) * u128::from(self.lines)) >> 64;
        usize::try_from(line).expect("below the number of lines")
    }

    fn after(&self, line: usize) -> usize {
        if (line + 1) as u64 == self.lines { 0 } else { line + 1 }
    }
}

/// From the last bytes, which `line_of` does not look at; never zero.
fn fingerprint_of(hash: &[u8; 16], mask: u32) -> u32 {
    let tail = u16::from_be_bytes(*hash.last_chunk().expect("16 bytes"));
    (u32::from(tail) & mask).max(1)
}

/// The least and the most of the times that these ids begin with.
pub(crate) fn made_of<'i>(identities: impl Iterator<Item = &'i Identity>) -> Made {
    identities.fold(None, |made, identity| wider(made, identity.made_ms.map(|ms| (ms, ms))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> [u8; 16] {
        *blake3::hash(&number.to_le_bytes()).as_bytes().first_chunk().expect("32 bytes")
    }

    fn part(number: u64) -> Part {
        Part { bucket: i64::try_from(number / 512).expect("small"), part: 0 }
    }

    /// Rows of 512 ids each.
    fn enter(known: &mut KnownIds, rows: std::ops::Range<u64>, mut taking: Option<&mut Taking>) {
        for row in rows {
            let hashes: Vec<_> = (row * 512..row * 512 + 512).map(hash).collect();
            known.enter(part(row * 512), 0, None, hashes.into_iter(), taking.as_deref_mut());
        }
    }

    fn places(known: &KnownIds, number: u64) -> Vec<Part> {
        let mut found = Vec::new();
        for segment in &known.segments {
            segment.each_maybe(&hash(number), known.fingerprint, |part| found.push(part));
        }
        found
    }

    /// Filled to the last, so that lines run over into the next: three segments.
    const LEAST: u64 = 1 << 18;
    const ROWS: u64 = 3 * LEAST / 512;

    fn small() -> Shared {
        let shared = KnownIds::shared(16);
        shared.lock().least = usize::try_from(LEAST).expect("small");
        shared
    }

    #[test]
    fn every_id_is_found_in_its_row_and_few_others_are() {
        let shared = small();
        let mut known = shared.lock();
        enter(&mut known, 0..ROWS, None);
        assert_eq!(known.segments.len(), 3);
        assert!((0..ROWS * 512).all(|number| places(&known, number).contains(&part(number))));
        // A dozen slots or two are compared in each of three segments, with a fingerprint of 16 bits: 0.09%, measured.
        let fresh = 100_000;
        let wrong: usize = (ROWS * 512..ROWS * 512 + fresh).map(|number| places(&known, number).len()).sum();
        assert!((20..120).contains(&wrong), "{wrong} of {fresh}");
    }

    #[test]
    fn what_is_taken_out_again_takes_nothing_else_with_it() {
        let shared = small();
        let mut taking = Taking::default();
        {
            let mut known = shared.lock();
            enter(&mut known, 0..150, None);
            enter(&mut known, 150..300, Some(&mut taking));
            enter(&mut known, 300..450, None); // another's, meanwhile: many in lines that ours had filled
        }
        taking.undo(&shared);
        let mut known = shared.lock();
        let kept = || (0..150 * 512).chain(300 * 512..450 * 512);
        assert!(kept().all(|number| places(&known, number).contains(&part(number))));
        assert!((150 * 512..300 * 512).all(|number| !places(&known, number).contains(&part(number))));
        assert_eq!(known.segments.len(), 1);
        // Their room is used again.
        enter(&mut known, 450..600, None);
        assert_eq!((known.segments.len(), known.segments[0].used), (1, 450 * 512));
        assert!(kept().chain(450 * 512..600 * 512).all(|number| places(&known, number).contains(&part(number))));
    }

    #[test]
    fn rows_without_number_open_another_segment() {
        let shared = small();
        let mut known = shared.lock();
        let rows = PLACES_MOST as u64 + 10;
        for row in 0..rows {
            known.enter(part(row * 512), 0, None, [hash(row)].into_iter(), None);
        }
        assert_eq!(known.segments.len(), 2);
        assert!((0..rows).all(|row| places(&known, row).contains(&part(row * 512))));
        known.since = Some(0);
        known.let_go(i64::try_from(rows).expect("small"));
        assert_eq!(known.segments.len(), 0);
    }
}
