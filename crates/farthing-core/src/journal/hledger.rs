//! The head of an hledger journal. `check -s` then insists on declared accounts and commodities, and on transactions that
//! balance without a price of its own making; the decimals of a `commodity` directive are those it balances to.

use std::io::{self, Write};

use super::{Account, Symbol, plain};

pub(super) fn head(out: &mut impl Write, symbols: &[Symbol], accounts: &[Account]) -> io::Result<()> {
    writeln!(out, "; The whole ledger. Debit is positive, credit negative.\ndecimal-mark .\n")?;
    for Symbol { commodity, text } in symbols {
        // hledger wants to see the mark, also where nothing follows it.
        let mark = if commodity.decimals == 0 { "." } else { "" };
        let sample = commodity.decimal(0);
        let sample = sample.strip_prefix('0').unwrap_or(&sample);
        writeln!(out, "commodity 1000{sample}{mark} {text}")?;
    }
    writeln!(out)?;
    for payee in plain::payees() {
        writeln!(out, "payee {payee}")?;
    }
    writeln!(out)?;
    for tag in plain::TAGS.iter().chain(&["account", "opened"]) {
        writeln!(out, "tag {tag}")?;
    }
    writeln!(out)?;
    for account in accounts {
        writeln!(out, "account {}  ; account:{}, opened:{}", account.name, account.id.0, account.opened)?;
    }
    Ok(())
}
