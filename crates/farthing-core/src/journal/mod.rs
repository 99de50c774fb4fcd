//! The whole ledger as a plain-text accounting journal, for hledger, Ledger or Beancount to check to the last unit.
//!
//! Pure: a streaming writer. The caller reads the store in one snapshot and hands over commodities, accounts and, in the
//! order of their ids, entries; only the accounts are held in memory. Nothing is added up here: the last lines assert the
//! balances the store itself keeps, so that a program we did not write finds it where the two disagree. What the text says
//! is each program's module, what accounts and commodities are called is `names.rs`.
//!
//! In Farthing a balance is credits minus debits; in journals a debit is positive and a credit negative.

mod beancount;
mod hledger;
mod ledger_cli;
mod names;
mod plain;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::io::{self, BufWriter, Write};

use crate::ledger::{AccountId, Chart, Commodity, CommodityId, Entry, TransferId};
use crate::time::Instant;

/// Which program reads the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `LC_ALL=C.UTF-8 hledger -f FILE check --strict ordereddates payees`
    Hledger,
    /// `ledger --args-only --strict --pedantic --explicit --check-payees -f FILE source`
    Ledger,
    /// `bean-check --no-cache FILE`
    Beancount,
}

impl Format {
    pub const ALL: [Format; 3] = [Format::Hledger, Format::Ledger, Format::Beancount];

    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Format::Hledger => "hledger",
            Format::Ledger => "ledger",
            Format::Beancount => "beancount",
        }
    }
}

/// An account to be written, with the balance the store keeps for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalAccount {
    pub id: AccountId,
    /// Whose it is, in a text that does not change: it becomes a part of the account's name.
    pub owner: String,
    pub chart: Chart,
    pub commodity: CommodityId,
    pub opened: Instant,
    /// The store's own sums, credits minus debits: what the last lines of the journal assert.
    pub balance: i64,
}

/// Why a journal could not be written. All but the first mean that what was handed over is not one ledger.
#[derive(Debug)]
pub enum JournalError {
    Write(io::Error),
    CommodityTwice {
        code: String,
    },
    AccountTwice {
        account: AccountId,
    },
    UnknownCommodity {
        account: AccountId,
        commodity: CommodityId,
    },
    OpenedOutOfRange {
        account: AccountId,
        opened: Instant,
    },
    UnknownAccount {
        transfer: TransferId,
        account: AccountId,
    },
    /// Ledger would take it for an exchange at a price of its own making, so it never reaches a journal.
    TwoCommodities {
        transfer: TransferId,
    },
    /// Entries come in the order of their ids, which is also that of their dates.
    OutOfOrder {
        transfer: TransferId,
        after: TransferId,
    },
}

/// A journal being written: `begin`, `push` every entry, `finish`. One that is dropped unfinished asserts nothing.
#[derive(Debug)]
pub struct Journal<W: Write> {
    out: BufWriter<W>,
    format: Format,
    symbols: Vec<Symbol>,
    /// Sorted by id.
    accounts: Vec<Account>,
    newest: Option<TransferId>,
    /// The latest moment that anything was written for: what is asserted at the end comes after it.
    latest: Instant,
}

/// A commodity, and how amounts of it are written.
#[derive(Debug)]
struct Symbol {
    commodity: Commodity,
    text: String,
}

#[derive(Debug)]
struct Account {
    id: AccountId,
    name: String,
    /// Beancount's names have no room for every letter: what hledger's and Ledger's journals call it.
    plain_name: String,
    /// Its place in the list of symbols.
    symbol: usize,
    opened: Instant,
    balance: i64,
    declared: bool,
}

/// A transfer as the programs' modules print it. Amounts have the journals' sign.
struct Posted<'a> {
    entry: &'a Entry,
    recorded: &'a str,
    effective: &'a str,
    debit: &'a str,
    credit: &'a str,
    debited: &'a str,
    credited: &'a str,
    symbol: &'a str,
}

impl<W: Write> Journal<W> {
    /// Writes the head: what the programs must know to check every unit. Commodities and accounts may come in any order;
    /// hand over all that the ledger has, so that the names of those that could be confused stay as they were.
    pub fn begin(
        out: W,
        format: Format,
        commodities: &[Commodity],
        accounts: Vec<JournalAccount>,
    ) -> Result<Journal<W>, JournalError> {
        let symbols = symbols(format, commodities)?;
        let accounts = named(format, &symbols, accounts)?;
        let mut out = BufWriter::new(out);
        match format {
            Format::Hledger => hledger::head(&mut out, &symbols, &accounts),
            Format::Ledger => ledger_cli::head(&mut out, &symbols, &accounts),
            Format::Beancount => beancount::head(&mut out, &symbols),
        }?;
        Ok(Journal { out, format, symbols, accounts, newest: None, latest: Instant::EPOCH })
    }

    /// Writes the next transfer.
    pub fn push(&mut self, entry: &Entry) -> Result<(), JournalError> {
        if let Some(after) = self.newest.filter(|newest| *newest >= entry.id) {
            return Err(JournalError::OutOfOrder { transfer: entry.id, after });
        }
        let (debit_place, credit_place) = (self.place(entry, entry.debit)?, self.place(entry, entry.credit)?);
        let recorded_at = entry.id.recorded();
        if self.format == Format::Beancount {
            self.open(debit_place, recorded_at)?;
            self.open(credit_place, recorded_at)?;
        }

        let (debit, credit) = (account_at(&self.accounts, debit_place), account_at(&self.accounts, credit_place));
        if debit.symbol != credit.symbol {
            return Err(JournalError::TwoCommodities { transfer: entry.id });
        }
        let symbol = symbol_of(&self.symbols, debit);
        let debited = symbol.commodity.decimal(entry.amount);
        let posted = Posted {
            entry,
            recorded: &recorded_at.to_string(),
            effective: &entry.effective.to_string(),
            debit: &debit.name,
            credit: &credit.name,
            debited: &debited,
            credited: &negated(&debited),
            symbol: &symbol.text,
        };
        match self.format {
            Format::Hledger | Format::Ledger => plain::transfer(&mut self.out, &posted),
            Format::Beancount => beancount::transfer(&mut self.out, &posted),
        }?;
        self.newest = Some(entry.id);
        self.latest = self.latest.max(recorded_at);
        Ok(())
    }

    /// Asserts every account's balance, and gives back what was written to.
    pub fn finish(mut self) -> Result<W, JournalError> {
        for place in 0..self.accounts.len() {
            let opened = account_at(&self.accounts, place).opened;
            self.latest = self.latest.max(opened);
            if self.format == Format::Beancount {
                self.open(place, opened)?;
            }
        }
        let today = self.latest.to_string();
        // Beancount's assertions hold as a day begins.
        let tomorrow = self.latest.checked_add_micros(DAY_MICROS).unwrap_or(Instant::MAX).to_string();
        for account in &self.accounts {
            let symbol = symbol_of(&self.symbols, account);
            let zero = symbol.commodity.decimal(0);
            let balance = negated(&symbol.commodity.decimal(account.balance));
            let (out, name, unit) = (&mut self.out, &account.name, &symbol.text);
            match self.format {
                // `==` also says that the account holds nothing of any other commodity.
                Format::Hledger => plain::balance(out, day(&today), name, &zero, "==", &balance, unit),
                Format::Ledger => plain::balance(out, day(&today), name, &zero, "=", &balance, unit),
                Format::Beancount => beancount::balance(out, day(&tomorrow), name, &balance, unit),
            }?;
        }
        self.out.into_inner().map_err(|error| JournalError::Write(error.into_error()))
    }

    /// Beancount refuses a posting dated before its account's opening. The two days are read off clocks that may differ
    /// a little around midnight, so an account opens with its first transfer if that is earlier.
    fn open(&mut self, place: usize, used: Instant) -> Result<(), JournalError> {
        let Some(account) = self.accounts.get_mut(place).filter(|account| !account.declared) else {
            return Ok(());
        };
        account.declared = true;
        let opens = account.opened.min(used).to_string();
        beancount::open(&mut self.out, day(&opens), account, &symbol_of(&self.symbols, account).text)?;
        Ok(())
    }

    fn place(&self, entry: &Entry, account: AccountId) -> Result<usize, JournalError> {
        self.accounts
            .binary_search_by_key(&account, |account| account.id)
            .map_err(|_| JournalError::UnknownAccount { transfer: entry.id, account })
    }
}

const DAY_MICROS: i64 = 86_400_000_000;

fn symbols(format: Format, commodities: &[Commodity]) -> Result<Vec<Symbol>, JournalError> {
    let mut commodities = commodities.to_vec();
    commodities.sort_by_key(|commodity| commodity.id);
    let (mut ids, mut codes, mut taken) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut symbols = Vec::with_capacity(commodities.len());
    for commodity in commodities {
        if !ids.insert(commodity.id.0) || !codes.insert(commodity.code.clone()) {
            return Err(JournalError::CommodityTwice { code: commodity.code });
        }
        let text = match format {
            Format::Hledger | Format::Ledger => names::plain_symbol(&commodity.code),
            Format::Beancount => names::beancount_currency(&commodity, &mut taken),
        };
        symbols.push(Symbol { commodity, text });
    }
    Ok(symbols)
}

/// The accounts by id, named. Two that agree in owner, code and commodity (the shards of one cloud's books, where they
/// are told apart by their number only) are told apart by it here too, all but the first opened.
fn named(format: Format, symbols: &[Symbol], mut accounts: Vec<JournalAccount>) -> Result<Vec<Account>, JournalError> {
    accounts.sort_by_key(|account| account.id);
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut named: Vec<Account> = Vec::with_capacity(accounts.len());
    for account in accounts {
        let JournalAccount { id, owner, chart, commodity, opened, balance } = account;
        if named.last().is_some_and(|last| last.id == id) {
            return Err(JournalError::AccountTwice { account: id });
        }
        if !opened.is_in_range() {
            return Err(JournalError::OpenedOutOfRange { account: id, opened });
        }
        let symbol = symbols
            .binary_search_by_key(&commodity, |symbol| symbol.commodity.id)
            .map_err(|_| JournalError::UnknownCommodity { account: id, commodity })?;
        let counted = symbol_at(symbols, symbol);

        let mut plain_name = names::plain_account(&owner, &chart, &counted.commodity.code);
        let mut name = match format {
            Format::Hledger | Format::Ledger => plain_name.clone(),
            Format::Beancount => names::beancount_account(&owner, &chart, &counted.text),
        };
        while taken.contains(&name) {
            plain_name = format!("{plain_name}~{}", id.0);
            name = match format {
                Format::Hledger | Format::Ledger => plain_name.clone(),
                Format::Beancount => format!("{name}--{}", id.0.unsigned_abs()),
            };
        }
        taken.insert(name.clone());
        named.push(Account { id, name, plain_name, symbol, opened, balance, declared: false });
    }
    Ok(named)
}

fn account_at(accounts: &[Account], place: usize) -> &Account {
    accounts.get(place).expect("a place is one of the list it was found in")
}

fn symbol_of<'a>(symbols: &'a [Symbol], account: &Account) -> &'a Symbol {
    symbol_at(symbols, account.symbol)
}

fn symbol_at(symbols: &[Symbol], place: usize) -> &Symbol {
    symbols.get(place).expect("a place is one of the list it was found in")
}

/// The same amount on the other side, as text: there is no amount it could overflow for.
fn negated(decimal: &str) -> String {
    match decimal.strip_prefix('-') {
        Some(positive) => positive.to_owned(),
        None if decimal.bytes().all(|byte| matches!(byte, b'0' | b'.')) => decimal.to_owned(),
        None => format!("-{decimal}"),
    }
}

/// The UTC day of a printed instant.
fn day(instant: &str) -> &str {
    instant.get(..10).unwrap_or(instant)
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> JournalError {
        JournalError::Write(error)
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Write(_) => f.write_str("the journal could not be written"),
            JournalError::CommodityTwice { code } => write!(f, "commodity {code} was handed over twice"),
            JournalError::AccountTwice { account } => write!(f, "account {} was handed over twice", account.0),
            JournalError::UnknownCommodity { account, commodity } => {
                write!(f, "account {} counts commodity {}, which was not handed over", account.0, commodity.0)
            }
            JournalError::OpenedOutOfRange { account, opened } => {
                write!(f, "account {} was opened at no date a journal can hold: {opened}", account.0)
            }
            JournalError::UnknownAccount { transfer, account } => {
                write!(f, "{transfer} moves account {}, which was not handed over", account.0)
            }
            JournalError::TwoCommodities { transfer } => {
                write!(f, "{transfer} moves between accounts of two commodities")
            }
            JournalError::OutOfOrder { transfer, after } => {
                write!(f, "{transfer} came after {after}: entries go into a journal in the order of their ids")
            }
        }
    }
}

impl Error for JournalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            JournalError::Write(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{CommodityKind, Flags, Kind};

    fn commodity(id: i64, code: &str) -> Commodity {
        Commodity { id: CommodityId(id), code: code.to_owned(), kind: CommodityKind::Currency, decimals: 2 }
    }

    fn account(id: i64, commodity: i64) -> JournalAccount {
        JournalAccount {
            id: AccountId(id),
            owner: "acme".to_owned(),
            chart: Chart::Cash,
            commodity: CommodityId(commodity),
            opened: Instant::EPOCH,
            balance: 0,
        }
    }

    fn entry(id: i64, debit: i64, credit: i64) -> Entry {
        Entry {
            id: TransferId::from_i64(id).unwrap(),
            cause: None,
            kind: Kind::Plain,
            flags: Flags::NONE,
            effective: Instant::EPOCH,
            debit: AccountId(debit),
            credit: AccountId(credit),
            amount: 1,
            reverses: None,
            linked: None,
            debit_after: 0,
            credit_after: 0,
            debit_previous: None,
            credit_previous: None,
        }
    }

    #[test]
    fn what_is_not_one_ledger_is_no_journal() {
        fn check(commodities: &[Commodity], accounts: &[JournalAccount], entries: &[Entry], expected: &str) {
            for format in Format::ALL {
                let written = Journal::begin(Vec::new(), format, commodities, accounts.to_vec())
                    .and_then(|mut journal| entries.iter().try_for_each(|entry| journal.push(entry)));
                assert_eq!(written.unwrap_err().to_string(), expected, "{}", format.name());
            }
        }
        let two = [commodity(1, "USD"), commodity(2, "EUR")];
        let three = [account(1, 1), account(2, 1), account(3, 2)];
        let (usd, also_usd) = (commodity(1, "USD"), commodity(2, "USD"));
        check(&[usd.clone(), also_usd], &[], &[], "commodity USD was handed over twice");
        check(&two, &[account(7, 1), account(7, 2)], &[], "account 7 was handed over twice");
        check(&[usd], &[account(7, 2)], &[], "account 7 counts commodity 2, which was not handed over");
        let opened = Instant::from_micros(-1);
        let expected = "account 1 was opened at no date a journal can hold: (instant out of range: -1 microseconds)";
        check(&two, &[JournalAccount { opened, ..account(1, 1) }], &[], expected);
        let expected = "trf_0000000000005 moves account 9, which was not handed over";
        check(&two, &three, &[entry(5, 1, 9)], expected);
        let expected = "trf_0000000000005 moves between accounts of two commodities";
        check(&two, &three, &[entry(5, 1, 3)], expected);
        let expected =
            "trf_0000000000005 came after trf_0000000000005: entries go into a journal in the order of their ids";
        check(&two, &three, &[entry(5, 1, 2), entry(5, 1, 2)], expected);
    }

    #[test]
    fn a_journal_that_cannot_be_written_says_so() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for format in Format::ALL {
            let journal = Journal::begin(Full, format, &[], vec![]);
            let error = journal.and_then(Journal::finish).err().expect("a full disk takes no journal");
            assert!(matches!(error, JournalError::Write(_)), "{}", format.name());
        }
    }

    #[test]
    fn amounts_change_sides_without_overflow() {
        let sides = ["0", "0.00", "1", "-1", "0.01", "-92233720368547758.08"].map(negated);
        assert_eq!(sides, ["0", "0.00", "-1", "1", "-0.01", "92233720368547758.08"]);
    }

    #[test]
    fn formats_of_journals_have_names() {
        assert!(Format::ALL.iter().all(|format| Format::parse(format.name()) == Some(*format)));
        assert_eq!(Format::parse("csv"), None);
    }
}
