//! What a simulated bank tells: statements as camt.053, which `read` reads back as they were.

use crate::writer::Writer;
use farthing_core::bank::{Nature, Row, Statement};
use farthing_core::money::Money;

/// Statements as camt.053.001.08. Lines of rows are not kept: they are where they stand now.
///
/// `read` gives the same again where each text is trimmed and has no control characters, amounts have no digits below the smallest
/// coin, and the rows come to the closing balance. It fits the standard's schema as well where its lengths do: 35 characters for
/// references, 140 for names and for each line of text, and both balances are there.
pub fn camt053(statements: &[Statement]) -> String {
    let mut writer = Writer::document("camt.053.001.08");
    writer.within("BkToCstmrStmt", |writer| {
        let first = statements.first().map_or("EMPTY", |statement| told(&statement.id));
        // Of no day: what is written has no clock. A simulated bank's message is as old as its first row.
        let made = statements.iter().flat_map(|statement| &statement.rows).map(|row| row.booked.to_string()).min();
        let made = made.unwrap_or_else(|| "2000-01-01".to_owned());
        writer.within("GrpHdr", |writer| {
            writer.text("MsgId", first);
            writer.text("CreDtTm", &format!("{made}T00:00:00Z"));
        });
        for statement in statements {
            writer.within("Stmt", |writer| stmt(writer, statement, &made));
        }
    });
    writer.finish()
}

fn told(id: &str) -> &str {
    if id.is_empty() { "NOTPROVIDED" } else { id }
}

fn stmt(writer: &mut Writer, statement: &Statement, made: &str) {
    writer.text("Id", &statement.id);
    writer.text("CreDtTm", &format!("{made}T00:00:00Z"));
    writer.within("Acct", |writer| {
        writer.within("Id", |writer| number(writer, &statement.account));
        writer.text("Ccy", statement.currency.code());
    });
    let days = statement.rows.iter().map(|row| row.booked);
    let first = days.clone().min().map_or(made.to_owned(), |day| day.to_string());
    let last = days.max().map_or(made.to_owned(), |day| day.to_string());
    for (kind, balance, day) in [("OPBD", statement.opening, &first), ("CLBD", statement.closing, &last)] {
        if let Some(balance) = balance {
            writer.within("Bal", |writer| {
                writer.along(&["Tp", "CdOrPrtry"], |writer| writer.text("Cd", kind));
                signed(writer, balance);
                writer.within("Dt", |writer| writer.text("Dt", day));
            });
        }
    }
    for row in &statement.rows {
        writer.within("Ntry", |writer| entry(writer, row));
    }
}

fn entry(writer: &mut Writer, row: &Row) {
    signed(writer, row.amount);
    writer.within("Sts", |writer| writer.text("Cd", "BOOK"));
    writer.within("BookgDt", |writer| writer.text("Dt", &row.booked.to_string()));
    writer.within("ValDt", |writer| writer.text("Dt", &row.booked.to_string()));
    writer.text_if("AcctSvcrRef", &row.bank_reference);
    writer.along(&["BkTxCd", "Domn"], |writer| {
        let (family, part) = match (row.nature, row.amount.is_negative()) {
            (Nature::Transfer, false) => ("RCDT", "ESCT"),
            (Nature::Transfer, true) => ("ICDT", "ESCT"),
            (Nature::Debits, _) => ("IDDT", "ESDD"),
            (Nature::Return, true) => ("IDDT", "UPDD"),
            (Nature::Return, false) => ("ICDT", "RRTN"),
            (Nature::Fee, _) => ("MDOP", "CHRG"),
        };
        writer.text("Cd", "PMNT");
        writer.within("Fmly", |writer| {
            writer.text("Cd", family);
            writer.text("SubFmlyCd", part);
        });
    });
    writer.along(&["NtryDtls", "TxDtls"], |writer| details(writer, row));
}

fn details(writer: &mut Writer, row: &Row) {
    let references = [("EndToEndId", &row.end_to_end), ("MndtId", &row.mandate)];
    if !row.batch.is_empty() || references.iter().any(|(_, reference)| !reference.is_empty()) {
        writer.within("Refs", |writer| {
            writer.text_if("PmtInfId", &row.batch);
            for (name, reference) in references {
                writer.text_if(name, reference);
            }
        });
    }
    signed(writer, row.amount);
    if let Some(fee) = row.fee {
        writer.along(&["Chrgs", "Rcrd"], |writer| {
            signed(writer, fee.checked_neg().unwrap_or(fee));
            writer.text("ChrgInclInd", "true");
        });
    }
    if !row.name.is_empty() || !row.iban.is_empty() {
        let debtor = !row.amount.is_negative() ^ (row.nature == Nature::Return);
        let (party, account) = if debtor { ("Dbtr", "DbtrAcct") } else { ("Cdtr", "CdtrAcct") };
        writer.within("RltdPties", |writer| {
            if !row.name.is_empty() {
                writer.along(&[party, "Pty"], |writer| writer.text("Nm", &row.name));
            }
            if !row.iban.is_empty() {
                writer.along(&[account, "Id"], |writer| number(writer, &row.iban));
            }
        });
    }
    if !row.text.is_empty() || !row.reference.is_empty() {
        writer.within("RmtInf", |writer| {
            for line in row.text.split('\n') {
                writer.text_if("Ustrd", line);
            }
            if !row.reference.is_empty() {
                writer.along(&["Strd", "CdtrRefInf"], |writer| writer.text("Ref", &row.reference));
            }
        });
    }
    if !row.reason.is_empty() {
        writer.along(&["RtrInf", "Rsn"], |writer| writer.text("Cd", &row.reason));
    }
}

/// An IBAN, or another number.
fn number(writer: &mut Writer, number: &str) {
    match farthing_core::bank::Iban::parse(number) {
        Ok(iban) if iban.as_str() == number => writer.text("IBAN", number),
        _ => writer.within("Othr", |writer| writer.text("Id", number)),
    }
}

/// `Amt` and on which side it stands.
fn signed(writer: &mut Writer, money: Money) {
    let plain = money.plain();
    writer.amount("Amt", &[("Ccy", money.currency().code())], plain.trim_start_matches('-'));
    writer.text("CdtDbtInd", if money.is_negative() { "DBIT" } else { "CRDT" });
}
