//! The head of a Ledger journal. With `--strict --pedantic` an undeclared account, commodity or tag is an error; the
//! `format` of a commodity says to how many decimals it balances and asserts.

use std::io::{self, Write};

use super::{Account, Symbol, plain};

pub(super) fn head(out: &mut impl Write, symbols: &[Symbol], accounts: &[Account]) -> io::Result<()> {
    writeln!(out, "; The whole ledger. Debit is positive, credit negative.\n")?;
    for Symbol { commodity, text } in symbols {
        let sample = commodity.decimal(0);
        let sample = sample.strip_prefix('0').unwrap_or(&sample);
        writeln!(out, "commodity {text}\n    format 1000{sample} {text}")?;
    }
    writeln!(out)?;
    for payee in plain::payees() {
        writeln!(out, "payee {payee}")?;
    }
    writeln!(out)?;
    for tag in plain::TAGS {
        writeln!(out, "tag {tag}")?;
    }
    writeln!(out)?;
    for account in accounts {
        writeln!(out, "account {}\n    note account {}, opened {}", account.name, account.id.0, account.opened)?;
    }
    Ok(())
}
