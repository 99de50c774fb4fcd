//! What hledger and Ledger read alike: a transfer, and a balance asserted.

use std::io::{self, Write};

use super::Posted;
use crate::ledger::Kind;

/// What payees a journal has: the kinds of transfers, and `BALANCE`, whose transactions move nothing.
pub(super) fn payees() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().map(|kind| kind.name()).chain([BALANCE])
}

const BALANCE: &str = "balance";

/// The tags of a transfer; its id is the transaction's code.
pub(super) const TAGS: [&str; 5] = ["recorded", "effective", "reverses", "linked", "cause"];

/// The effective date is the secondary one, where it is another.
pub(super) fn transfer(out: &mut impl Write, posted: &Posted<'_>) -> io::Result<()> {
    let Posted { entry, recorded, effective, debit, credit, debited, credited, symbol } = posted;
    let (date, effective_date) = (super::day(recorded), super::day(effective));
    write!(out, "\n{date}")?;
    if effective_date != date && entry.effective.is_in_range() {
        write!(out, "={effective_date}")?;
    }
    writeln!(out, " * ({}) {}", entry.id, entry.kind.name())?;
    writeln!(out, "    ; recorded: {recorded}")?;
    writeln!(out, "    ; effective: {effective}")?;
    if let Some(reverses) = entry.reverses {
        writeln!(out, "    ; reverses: {reverses}")?;
    }
    if let Some(linked) = entry.linked {
        writeln!(out, "    ; linked: {linked}")?;
    }
    if let Some(cause) = entry.cause {
        writeln!(out, "    ; cause: {cause}")?;
    }
    writeln!(out, "    {debit}  {debited} {symbol}")?;
    writeln!(out, "    {credit}  {credited} {symbol}")
}

/// A transaction of its own: Ledger looks through the whole of one for every assertion in it.
pub(super) fn balance(
    out: &mut impl Write,
    date: &str,
    account: &str,
    zero: &str,
    equals: &str,
    balance: &str,
    symbol: &str,
) -> io::Result<()> {
    writeln!(out, "\n{date} * {BALANCE}\n    {account}  {zero} {symbol} {equals} {balance} {symbol}")
}
