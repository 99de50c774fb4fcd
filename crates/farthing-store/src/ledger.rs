//! Running ledger commands: read and lock what they need, let the core decide, write what it decided.

use crate::accounts::accounts_load;
use crate::{Column, Row, StoreError, Tx};
use farthing_core::id::{CauseId, HoldId};
use farthing_core::ledger::chain::{self, Chainer};
use farthing_core::ledger::{
    Account, AccountId, Books, CaptureRecord, Command, Decided, Entry, Flags, Hold, HoldChange, HoldState, Kind, Needs,
    Outcome, OwnerId, TransferId, decide, parts_from_text, parts_to_text,
};
use farthing_core::time::Instant;

/// How many rows one statement inserts while the next ones are hashed.
const CHUNK: usize = 1024;

impl Tx<'_> {
    /// Runs the commands in order and answers each of them. What is refused changes nothing; what was asked before is
    /// answered `exists`.
    pub fn ledger_run(&mut self, commands: &[Command], now: Instant) -> Result<Vec<Outcome>, StoreError> {
        let mut books = load(self, &Needs::of(commands), now)?;
        let decided = decide(&mut books, commands, now);
        save(self, &mut books, &decided)?;
        Ok(decided.outcomes)
    }

    /// Ends open holds whose time has come, at most so many; how many. (Whoever touches an account ends its own first;
    /// this is for those that nobody touches.)
    pub fn holds_sweep(&mut self, now: Instant, most: i64) -> Result<usize, StoreError> {
        let due = self.rows(
            "SELECT id FROM hold WHERE state = 0 AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2",
            &[now.micros().into(), most.into()],
            |row| Ok(Command::Expire(HoldId::from_bytes(row.bytes(0)?))),
        )?;
        self.ledger_run(&due, now)?;
        Ok(due.len())
    }

    /// Open holds whose time has come: they are few, because whoever touches them, or the sweep, ends them.
    pub fn holds_due(&mut self, now: Instant) -> Result<Vec<Hold>, StoreError> {
        self.rows(
            "SELECT id, owner, amount, captured, expires_at, state, parts FROM hold
             WHERE state = 0 AND expires_at <= $1 ORDER BY expires_at, id",
            &[now.micros().into()],
            hold_from,
        )
    }

    pub fn hold(&mut self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        Ok(holds_load(self, &[id])?.pop())
    }

    /// Every hold, open or ended, in order of id.
    pub fn holds_each(&mut self, mut each: impl FnMut(Hold) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.each("SELECT id, owner, amount, captured, expires_at, state, parts FROM hold ORDER BY id", &[], |row| {
            each(hold_from(row)?)
        })
    }

    /// Every capture, in order of id.
    pub fn captures_each(
        &mut self,
        mut each: impl FnMut(CaptureRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each("SELECT id, hold, recipient, amount, last, effective FROM hold_capture ORDER BY id", &[], |row| {
            each(capture_from(row)?)
        })
    }

    /// Every transfer, in order of id, without keeping them.
    pub fn transfers_each(&mut self, mut each: impl FnMut(Entry) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.each(
            "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                    debit_after, credit_after, debit_previous, credit_previous
             FROM transfer ORDER BY id",
            &[],
            |row| each(entry_from(row)?),
        )
    }

    /// What every transfer has moved from which account to which, in order of id.
    pub fn moved_each(
        &mut self,
        each: impl FnMut(TransferId, (AccountId, AccountId), i64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.moved_each_from(0, each)
    }

    /// The same of those with this number and above: of an instant and after.
    pub fn moved_each_from(
        &mut self,
        first: i64,
        mut each: impl FnMut(TransferId, (AccountId, AccountId), i64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.each("SELECT id, debit, credit, amount FROM transfer WHERE id >= $1 ORDER BY id", &[first.into()], |row| {
            let id =
                TransferId::from_i64(row.int(0)?).ok_or_else(|| StoreError::corrupt("a transfer without a time"))?;
            each(id, (AccountId(row.int(1)?), AccountId(row.int(2)?)), row.int(3)?)
        })
    }

    /// What was captured with this id.
    pub fn capture(&mut self, id: TransferId) -> Result<Option<CaptureRecord>, StoreError> {
        Ok(captures_load(self, &[id])?.pop())
    }

    /// The one transfer that this cause has made.
    pub fn transfer_by_cause(&mut self, cause: CauseId) -> Result<Option<Entry>, StoreError> {
        Ok(transfers_by_cause(self, &[cause])?.pop())
    }

    /// The transfer that follows one in its set. Ids of a set lie close together, so few rows are read.
    pub fn transfer_after_in_set(&mut self, entry: &Entry) -> Result<Option<Entry>, StoreError> {
        let Some(set) = entry.linked else { return Ok(None) };
        self.one(
            "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                    debit_after, credit_after, debit_previous, credit_previous
             FROM transfer WHERE id > $1 AND id < $1 + 65536 AND linked = $2 ORDER BY id LIMIT 1",
            &[entry.id.get().into(), set.get().into()],
            entry_from,
        )
    }

    pub fn transfer(&mut self, id: TransferId) -> Result<Option<Entry>, StoreError> {
        self.one(
            "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                    debit_after, credit_after, debit_previous, credit_previous
             FROM transfer WHERE id = $1",
            &[id.get().into()],
            entry_from,
        )
    }
}

fn load(tx: &mut Tx<'_>, needs: &Needs, now: Instant) -> Result<Books, StoreError> {
    let mut ids: Vec<i64> = needs.accounts.iter().map(|id| id.0).collect();
    let fixed = ids.len();
    // Which accounts a hold or a reversal is about is fixed when it is made, so it can be read before they are locked.
    let holds = holds_load(tx, &needs.holds)?;
    ids.extend(holds.iter().flat_map(|hold| hold.parts.iter().map(|part| part.account.0)));
    let targets = transfers_load(tx, &needs.reversed)?;
    ids.extend(targets.iter().flat_map(|entry| [entry.debit.0, entry.credit.0]));
    if ids.len() > fixed {
        ids.sort_unstable();
        ids.dedup();
    }
    let mut accounts = accounts_load(tx, ids)?;
    // Everything else is read under the locks: nobody can be in the middle of changing it.
    let mut wanted: Vec<HoldId> = needs.holds.iter().chain(&needs.new_holds).copied().collect();
    wanted.extend(due_holds(tx, &accounts, now)?);
    // A hold that is named, or will end, moves or gives back to all its accounts, also those that nothing else in this batch
    // is about, and those of a hold that was made since it was looked for.
    let holds = loop {
        let holds = holds_load(tx, &wanted)?;
        let missing = accounts_missing(&accounts, &holds, &needs.holds, now);
        if missing.is_empty() {
            break holds;
        }
        accounts.extend(accounts_load(tx, missing)?);
        accounts.sort_unstable_by_key(|account| account.id);
    };
    let mut found = targets;
    let maybe_recorded = newer_left_out(tx, &needs.transfers)?;
    found.extend(transfers_load(tx, &maybe_recorded)?);
    found.extend(transfers_by_cause(tx, &needs.causes)?);
    found.extend(reversals_load(tx, &needs.reversed)?);
    found.sort_unstable_by_key(|entry| entry.id);
    found.dedup_by_key(|entry| entry.id);
    let captures = captures_load(tx, &needs.captures)?;
    Ok(Books::new(accounts, found, captures, holds))
}

/// Ids later than everything recorded cannot be there: a fresh batch asks once instead of once per transfer.
fn newer_left_out(tx: &mut Tx<'_>, ids: &[TransferId]) -> Result<Vec<TransferId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let newest = tx.one("SELECT max(id) FROM transfer", &[], |row| row.opt_int(0))?.flatten().unwrap_or(0);
    Ok(ids.iter().copied().filter(|id| id.get() <= newest).collect())
}

/// The open holds, past their time, of owners that hold anything.
fn due_holds(tx: &mut Tx<'_>, accounts: &[Account], now: Instant) -> Result<Vec<HoldId>, StoreError> {
    let mut owners: Vec<i64> =
        accounts.iter().filter(|account| account.held != 0).map(|account| account.owner.0).collect();
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    owners.sort_unstable();
    let mut due = Vec::new();
    tx.each("SELECT id, owner FROM hold WHERE state = 0 AND expires_at <= $1", &[now.micros().into()], |row| {
        if owners.binary_search(&row.int(1)?).is_ok() {
            due.push(HoldId::from_bytes(row.bytes(0)?));
        }
        Ok(())
    })?;
    Ok(due)
}

fn accounts_missing(accounts: &[Account], holds: &[Hold], named: &[HoldId], now: Instant) -> Vec<i64> {
    let ends = |hold: &&Hold| hold.state == HoldState::Open && hold.expires_at <= now;
    let changing = holds.iter().filter(|hold| ends(hold) || named.binary_search(&hold.id).is_ok());
    let theirs = changing.flat_map(|hold| hold.parts.iter().map(|part| part.account));
    let mut missing: Vec<i64> =
        theirs.filter(|id| accounts.binary_search_by_key(id, |account| account.id).is_err()).map(|id| id.0).collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}

fn holds_load(tx: &mut Tx<'_>, ids: &[HoldId]) -> Result<Vec<Hold>, StoreError> {
    let mut holds = tx.bulk_rows(
        "SELECT h.id, h.owner, h.amount, h.captured, h.expires_at, h.state, h.parts FROM {bulk} JOIN hold h ON h.id = bulk.c1",
        vec![Column::Id(ids.iter().map(|id| id.to_bytes()).collect())],
        hold_from,
    )?;
    holds.sort_unstable_by_key(|hold| hold.id);
    holds.dedup_by_key(|hold| hold.id);
    Ok(holds)
}

pub(crate) fn hold_from(row: &Row<'_>) -> Result<Hold, StoreError> {
    let parts = row.text(6)?;
    Ok(Hold {
        id: HoldId::from_bytes(row.bytes(0)?),
        owner: OwnerId(row.int(1)?),
        amount: row.int(2)?,
        captured: row.int(3)?,
        expires_at: Instant::from_micros(row.int(4)?),
        state: HoldState::from_code(row.int(5)?).ok_or_else(|| StoreError::corrupt("a hold in no known state"))?,
        parts: parts_from_text(&parts)
            .ok_or_else(|| StoreError::corrupt(format!("a hold with the parts {parts:?}")))?,
    })
}

fn transfers_load(tx: &mut Tx<'_>, ids: &[TransferId]) -> Result<Vec<Entry>, StoreError> {
    tx.bulk_rows(
        "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                debit_after, credit_after, debit_previous, credit_previous
         FROM {bulk} JOIN transfer ON id = bulk.c1",
        vec![Column::Int(ids.iter().map(|id| id.get()).collect())],
        entry_from,
    )
}

fn reversals_load(tx: &mut Tx<'_>, reversed: &[TransferId]) -> Result<Vec<Entry>, StoreError> {
    tx.bulk_rows(
        "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                debit_after, credit_after, debit_previous, credit_previous
         FROM {bulk} JOIN transfer ON reverses = bulk.c1 AND reverses IS NOT NULL",
        vec![Column::Int(reversed.iter().map(|id| id.get()).collect())],
        entry_from,
    )
}

fn transfers_by_cause(tx: &mut Tx<'_>, causes: &[CauseId]) -> Result<Vec<Entry>, StoreError> {
    tx.bulk_rows(
        "SELECT id, debit, credit, amount, kind, flags, effective, reverses, linked, cause,
                debit_after, credit_after, debit_previous, credit_previous
         FROM {bulk} JOIN transfer ON cause = bulk.c1 AND cause IS NOT NULL",
        vec![Column::Id(causes.iter().map(|cause| cause.to_bytes()).collect())],
        entry_from,
    )
}

fn captures_load(tx: &mut Tx<'_>, ids: &[TransferId]) -> Result<Vec<CaptureRecord>, StoreError> {
    tx.bulk_rows(
        "SELECT h.id, h.hold, h.recipient, h.amount, h.last, h.effective FROM {bulk} JOIN hold_capture h ON h.id = bulk.c1",
        vec![Column::Int(ids.iter().map(|id| id.get()).collect())],
        capture_from,
    )
}

pub(crate) fn capture_from(row: &Row<'_>) -> Result<CaptureRecord, StoreError> {
    Ok(CaptureRecord {
        id: transfer_id(row.int(0)?)?,
        hold: HoldId::from_bytes(row.bytes(1)?),
        to: AccountId(row.int(2)?),
        amount: row.int(3)?,
        last: row.bool(4)?,
        effective: Instant::from_micros(row.int(5)?),
    })
}

/// A row of `transfer`, its columns in the order of the SELECTs above.
pub(crate) fn entry_from(row: &Row<'_>) -> Result<Entry, StoreError> {
    let kind = row.int(4)?;
    let flags = u8::try_from(row.int(5)?).map_err(|_| StoreError::corrupt("a transfer with flags out of range"))?;
    Ok(Entry {
        id: transfer_id(row.int(0)?)?,
        debit: AccountId(row.int(1)?),
        credit: AccountId(row.int(2)?),
        amount: row.int(3)?,
        kind: Kind::from_code(kind).ok_or_else(|| StoreError::corrupt(format!("a transfer of unknown kind {kind}")))?,
        flags: Flags::from_bits(flags),
        effective: Instant::from_micros(row.int(6)?),
        reverses: opt_transfer_id(row.opt_int(7)?)?,
        linked: opt_transfer_id(row.opt_int(8)?)?,
        cause: row.opt_bytes(9)?.map(CauseId::from_bytes),
        debit_after: row.int(10)?,
        credit_after: row.int(11)?,
        debit_previous: opt_transfer_id(row.opt_int(12)?)?,
        credit_previous: opt_transfer_id(row.opt_int(13)?)?,
    })
}

pub(crate) fn transfer_id(id: i64) -> Result<TransferId, StoreError> {
    TransferId::from_i64(id).ok_or_else(|| StoreError::corrupt(format!("{id} is no transfer's id")))
}

fn opt_transfer_id(id: Option<i64>) -> Result<Option<TransferId>, StoreError> {
    id.map(transfer_id).transpose()
}

/// Writes what was decided. A second thread hashes the chain and makes up the rows, a chunk ahead of the one being inserted.
fn save(tx: &mut Tx<'_>, books: &mut Books, decided: &Decided) -> Result<(), StoreError> {
    let mut chainer = Chainer::new(books);
    if decided.entries.len() <= CHUNK {
        let columns = transfer_columns(&decided.entries, chainer.extend(&decided.entries));
        transfers_insert(tx, columns)?;
    } else {
        chainer = std::thread::scope(|scope| {
            let (made, chunks) = std::sync::mpsc::channel();
            let hasher = scope.spawn(move || {
                for chunk in decided.entries.chunks(CHUNK) {
                    let _ = made.send(transfer_columns(chunk, chainer.extend(chunk)));
                }
                chainer
            });
            for columns in chunks {
                transfers_insert(tx, columns)?;
            }
            Ok::<_, StoreError>(hasher.join().expect("hashing cannot fail"))
        })?;
    }
    chainer.finish(books);
    balances_write(tx, books)?;
    if let Some(mut cache) = tx.account_cache() {
        books.accounts().iter().for_each(|account| cache.keep(account));
    }
    holds_write(tx, books)?;
    captures_insert(tx, &decided.captures)
}

fn transfers_insert(tx: &mut Tx<'_>, columns: Vec<Column>) -> Result<(), StoreError> {
    const NAMES: &[&str] = &[
        "id",
        "debit",
        "credit",
        "amount",
        "kind",
        "flags",
        "effective",
        "debit_after",
        "credit_after",
        "debit_previous",
        "credit_previous",
        "seal",
        "reverses",
        "linked",
        "cause",
    ];
    // A column that is null throughout costs as much to hand over as any other, so most chunks do without the last three.
    let names = if columns.len() == NAMES.len() { NAMES } else { &NAMES[..PLAIN_COLUMNS] };
    tx.bulk_insert("transfer", names, columns)
}

const PLAIN_COLUMNS: usize = 12;

/// The entries as columns, in the order in which `transfers_insert` names them.
fn transfer_columns(entries: &[Entry], seals: Vec<i64>) -> Vec<Column> {
    fn ints(entries: &[Entry], of: impl Fn(&Entry) -> i64) -> Column {
        Column::Int(entries.iter().map(of).collect())
    }
    fn opts(entries: &[Entry], of: impl Fn(&Entry) -> Option<TransferId>) -> Column {
        Column::OptInt(entries.iter().map(|entry| of(entry).map(TransferId::get)).collect())
    }
    let mut columns = vec![
        ints(entries, |entry| entry.id.get()),
        ints(entries, |entry| entry.debit.0),
        ints(entries, |entry| entry.credit.0),
        ints(entries, |entry| entry.amount),
        ints(entries, |entry| i64::from(entry.kind.code())),
        ints(entries, |entry| i64::from(entry.flags.bits())),
        ints(entries, |entry| entry.effective.micros()),
        ints(entries, |entry| entry.debit_after),
        ints(entries, |entry| entry.credit_after),
        opts(entries, |entry| entry.debit_previous),
        opts(entries, |entry| entry.credit_previous),
        Column::Int(seals),
    ];
    if entries.iter().any(|entry| entry.reverses.is_some() || entry.linked.is_some() || entry.cause.is_some()) {
        columns.push(opts(entries, |entry| entry.reverses));
        columns.push(opts(entries, |entry| entry.linked));
        columns.push(Column::OptId(entries.iter().map(|entry| entry.cause.map(CauseId::to_bytes)).collect()));
    }
    columns
}

fn balances_write(tx: &mut Tx<'_>, books: &Books) -> Result<(), StoreError> {
    let held: Vec<_> = books.accounts_held_anew().collect();
    tx.bulk_upsert(
        "ledger_held",
        1,
        &["account", "held"],
        vec![
            Column::Int(held.iter().map(|account| account.id.0).collect()),
            Column::Int(held.iter().map(|account| account.held).collect()),
        ],
    )?;
    let changed: Vec<_> = books.accounts_moved().collect();
    tx.bulk_overwrite(
        "ledger_balance",
        &["account", "debits", "credits", "newest", "head"],
        vec![
            Column::Int(changed.iter().map(|account| account.id.0).collect()),
            Column::Int(changed.iter().map(|account| account.debits).collect()),
            Column::Int(changed.iter().map(|account| account.credits).collect()),
            Column::OptInt(changed.iter().map(|account| account.newest.map(TransferId::get)).collect()),
            Column::Hash(changed.iter().map(|account| account.head).collect()),
        ],
    )
}

fn holds_write(tx: &mut Tx<'_>, books: &Books) -> Result<(), StoreError> {
    let of =
        |wanted: HoldChange| books.changed_holds().filter(move |(_, change)| *change == wanted).map(|(hold, _)| hold);
    let new: Vec<&Hold> = of(HoldChange::New).collect();
    tx.bulk_insert(
        "hold",
        &["id", "owner", "amount", "captured", "expires_at", "state", "parts", "seal"],
        vec![
            Column::Id(new.iter().map(|hold| hold.id.to_bytes()).collect()),
            Column::Int(new.iter().map(|hold| hold.owner.0).collect()),
            Column::Int(new.iter().map(|hold| hold.amount).collect()),
            Column::Int(new.iter().map(|hold| hold.captured).collect()),
            Column::Int(new.iter().map(|hold| hold.expires_at.micros()).collect()),
            Column::Int(new.iter().map(|hold| hold.state.code()).collect()),
            Column::Text(new.iter().map(|hold| parts_to_text(&hold.parts)).collect()),
            Column::Int(new.iter().map(|hold| chain::seal_hold(hold)).collect()),
        ],
    )?;
    let changed: Vec<&Hold> = of(HoldChange::Changed).collect();
    tx.bulk_execute(
        "UPDATE hold SET captured = bulk.c2, state = bulk.c3, parts = bulk.c4, seal = bulk.c5, expires_at = bulk.c6 FROM {bulk} WHERE hold.id = bulk.c1",
        vec![
            Column::Id(changed.iter().map(|hold| hold.id.to_bytes()).collect()),
            Column::Int(changed.iter().map(|hold| hold.captured).collect()),
            Column::Int(changed.iter().map(|hold| hold.state.code()).collect()),
            Column::Text(changed.iter().map(|hold| parts_to_text(&hold.parts)).collect()),
            Column::Int(changed.iter().map(|hold| chain::seal_hold(hold)).collect()),
            Column::Int(changed.iter().map(|hold| hold.expires_at.micros()).collect()),
        ],
    )?;
    Ok(())
}

fn captures_insert(tx: &mut Tx<'_>, captures: &[CaptureRecord]) -> Result<(), StoreError> {
    tx.bulk_insert(
        "hold_capture",
        &["id", "hold", "recipient", "amount", "last", "effective", "seal"],
        vec![
            Column::Int(captures.iter().map(|capture| capture.id.get()).collect()),
            Column::Id(captures.iter().map(|capture| capture.hold.to_bytes()).collect()),
            Column::Int(captures.iter().map(|capture| capture.to.0).collect()),
            Column::Int(captures.iter().map(|capture| capture.amount).collect()),
            Column::Bool(captures.iter().map(|capture| capture.last).collect()),
            Column::Int(captures.iter().map(|capture| capture.effective.micros()).collect()),
            Column::Int(captures.iter().map(chain::seal_capture).collect()),
        ],
    )
}
