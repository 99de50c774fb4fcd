//! A Beancount journal.
//!
//! Beancount lets a transaction be off by half of the last decimal it sees: with all decimals written that is half a
//! unit, so every whole unit counts, and where there are no decimals it is the default, set to nothing here. An assertion
//! may be off by a whole last decimal unless it says otherwise, as each does. Every account is opened for one currency.

use std::io::{self, Write};

use super::{Account, Posted, Symbol};

/// Before every transfer: the day on which the clock of transfer ids begins.
const FIRST_DAY: &str = "2020-01-01";

pub(super) fn head(out: &mut impl Write, symbols: &[Symbol]) -> io::Result<()> {
    writeln!(out, "; The whole ledger. Debit is positive, credit negative.")?;
    writeln!(out, "option \"title\" \"Farthing\"")?;
    writeln!(out, "option \"inferred_tolerance_default\" \"*:0\"")?;
    writeln!(out, "plugin \"beancount.plugins.check_commodity\"\n")?;
    for Symbol { commodity, text } in symbols {
        writeln!(out, "{FIRST_DAY} commodity {text}")?;
        writeln!(out, "  code: \"{}\"", super::names::percent_encoded(&commodity.code))?;
        writeln!(out, "  decimals: {}", commodity.decimals)?;
    }
    Ok(())
}

pub(super) fn open(out: &mut impl Write, date: &str, account: &Account, currency: &str) -> io::Result<()> {
    writeln!(out, "\n{date} open {} {currency}", account.name)?;
    writeln!(out, "  account: {}\n  opened: \"{}\"\n  name: \"{}\"", account.id.0, account.opened, account.plain_name)
}

pub(super) fn transfer(out: &mut impl Write, posted: &Posted<'_>) -> io::Result<()> {
    let Posted { entry, recorded, effective, debit, credit, debited, credited, symbol } = posted;
    writeln!(out, "\n{} * \"{}\"", super::day(recorded), entry.kind.name())?;
    writeln!(out, "  id: \"{}\"", entry.id)?;
    writeln!(out, "  recorded: \"{recorded}\"")?;
    writeln!(out, "  effective: \"{effective}\"")?;
    if let Some(reverses) = entry.reverses {
        writeln!(out, "  reverses: \"{reverses}\"")?;
    }
    if let Some(linked) = entry.linked {
        writeln!(out, "  linked: \"{linked}\"")?;
    }
    if let Some(cause) = entry.cause {
        writeln!(out, "  cause: \"{cause}\"")?;
    }
    writeln!(out, "  {debit}  {debited} {symbol}")?;
    writeln!(out, "  {credit}  {credited} {symbol}")
}

pub(super) fn balance(out: &mut impl Write, date: &str, account: &str, balance: &str, symbol: &str) -> io::Result<()> {
    writeln!(out, "\n{date} balance {account}  {balance} ~ 0 {symbol}")
}
