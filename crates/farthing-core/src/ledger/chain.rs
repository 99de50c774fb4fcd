//! The hash chain: each account's head commits to every transfer it ever had, in order.
//!
//! A transfer's content is hashed once; each of its two accounts' heads becomes blake3(head before, that hash). The first
//! eight bytes of the content's hash are kept beside the row (its *seal*), so that a row changed later is named at once;
//! a row changed together with its seal still breaks both accounts' heads. There is no way to post without it.

use super::{Account, AccountId, CaptureRecord, Commodity, CommodityId, CommodityKind, Entry, Floor, Hold, OwnerId};
use crate::time::Instant;

/// Where an account's chain begins: its fixed facts, so that they cannot be changed under it either.
pub fn genesis(account: AccountId, owner: OwnerId, commodity: CommodityId, code: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"farthing ledger account 1");
    hasher.update(&account.0.to_le_bytes());
    hasher.update(&owner.0.to_le_bytes());
    hasher.update(&commodity.0.to_le_bytes());
    hasher.update(code.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The hash of what a transfer says. Its balances and previous ids follow from the chain and are not part of it.
pub fn content(entry: &Entry) -> [u8; 32] {
    // Plain transfers fit one 64-byte block, which is one compression.
    let mut bytes = [0u8; 96];
    let mut at = 0usize;
    let mut put = |part: &[u8]| {
        let end = at.saturating_add(part.len());
        if let Some(slot) = bytes.get_mut(at..end) {
            slot.copy_from_slice(part);
        }
        at = end;
    };
    put(&entry.id.get().to_le_bytes());
    put(&entry.debit.0.to_le_bytes());
    put(&entry.credit.0.to_le_bytes());
    put(&entry.amount.to_le_bytes());
    put(&entry.effective.micros().to_le_bytes());
    put(&entry.kind.code().to_le_bytes());
    put(&[entry.flags.bits()]);
    let presence = u8::from(entry.reverses.is_some())
        | u8::from(entry.linked.is_some()) << 1_u8
        | u8::from(entry.cause.is_some()) << 2_u8;
    put(&[presence]);
    if let Some(reverses) = entry.reverses {
        put(&reverses.get().to_le_bytes());
    }
    if let Some(linked) = entry.linked {
        put(&linked.get().to_le_bytes());
    }
    if let Some(cause) = entry.cause {
        put(&cause.to_bytes());
    }
    *blake3::hash(bytes.get(..at).unwrap_or(&bytes)).as_bytes()
}

/// What is kept of a content's hash beside its row.
pub fn seal(content: &[u8; 32]) -> i64 {
    let (first, _) = content.split_first_chunk::<8>().expect("a hash has 32 bytes");
    i64::from_le_bytes(*first)
}

/// An account's head after one more transfer.
pub fn extend(head: &[u8; 32], content: &[u8; 32]) -> [u8; 32] {
    let mut both = [0u8; 64];
    let (before, now) = both.split_at_mut(32);
    before.copy_from_slice(head);
    now.copy_from_slice(content);
    *blake3::hash(&both).as_bytes()
}

/// Carries the heads of a batch's accounts through its entries. It borrows nothing, so it can work in another thread.
#[derive(Debug)]
pub struct Chainer {
    heads: Vec<[u8; 32]>,
    index: super::books::AccountIndex,
}

impl Chainer {
    pub fn new(books: &super::Books) -> Chainer {
        Chainer {
            heads: books.accounts().iter().map(|account| account.head).collect(),
            index: super::books::AccountIndex::of(books.accounts()),
        }
    }

    /// Extends both accounts' chains by each entry, in order; the entries' seals.
    pub fn extend(&mut self, entries: &[Entry]) -> Vec<i64> {
        entries
            .iter()
            .map(|entry| {
                let content = content(entry);
                for id in [entry.debit, entry.credit] {
                    let place = self.index.place(id).expect("an entry is of the batch's accounts");
                    let head = self.heads.get_mut(place).expect("one head an account");
                    *head = extend(head, &content);
                }
                seal(&content)
            })
            .collect()
    }

    /// Puts the heads back.
    pub fn finish(self, books: &mut super::Books) {
        books.set_heads(self.heads);
    }
}

// The rows that are not transfers have seals too, so that nothing of the ledger can be changed without it showing. A
// seal is kept beside its row; who rewrites both is caught where the chain or the sums say otherwise.

pub fn seal_commodity(commodity: &Commodity) -> i64 {
    let unit = commodity.kind == CommodityKind::Unit;
    seal_row(
        b"commodity",
        &[commodity.id.0, i64::from(unit), i64::from(commodity.decimals)],
        &[commodity.code.as_bytes()],
    )
}

/// Not the name: it belongs to a person, who may ask for it to be erased.
pub fn seal_owner(owner: OwnerId, cloud: &str, books: bool) -> i64 {
    seal_row(b"owner", &[owner.0, i64::from(books)], &[cloud.as_bytes()])
}

/// The fixed facts only; the sums are proven by the account's history.
pub fn seal_account(account: &Account, code: &str, opened: Instant) -> i64 {
    let (kind, floor) = match account.floor {
        Floor::Open => (0, 0),
        Floor::Zero => (1, 0),
        Floor::Minus(floor) => (2, floor),
    };
    let facts =
        [account.id.0, account.owner.0, account.commodity.0, kind, floor, i64::from(account.closed), opened.micros()];
    seal_row(b"account", &facts, &[code.as_bytes()])
}

pub fn seal_hold(hold: &Hold) -> i64 {
    let mut facts = vec![hold.owner.0, hold.amount, hold.captured, hold.expires_at.micros(), hold.state.code()];
    for part in &hold.parts {
        facts.extend([part.account.0, part.reserved]);
    }
    seal_row(b"hold", &facts, &[&hold.id.to_bytes()])
}

pub fn seal_capture(capture: &CaptureRecord) -> i64 {
    let facts = [capture.id.get(), capture.to.0, capture.amount, i64::from(capture.last), capture.effective.micros()];
    seal_row(b"capture", &facts, &[&capture.hold.to_bytes()])
}

/// The seal of a row of some kind: of its numbers and its texts, in an order of its own.
pub fn seal_row(what: &[u8], numbers: &[i64], texts: &[&[u8]]) -> i64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(what);
    for number in numbers {
        hasher.update(&number.to_le_bytes());
    }
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    seal(hasher.finalize().as_bytes())
}
