//! One entry of a statement: a row, or a row for each movement that it gathers.

use super::{amount_of, code, comes_in, date, negated};
use crate::amount::{self, ISO};
use crate::bad_file::BadFile;
use crate::reference::{References, given};
use crate::source::{FETCH_AGAIN, Source};
use crate::xml::Node;
use farthing_core::bank::{Nature, Row};
use farthing_core::money::{Currency, Money};

/// The cloud's own account, whose statement it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account<'a> {
    pub(super) number: &'a str,
    pub(super) currency: Currency,
}

/// What is there of an entry's details, with what they move.
struct Movement<'n, 'a> {
    details: &'n Node<'a>,
    amount: Option<Money>,
    fee: Option<Money>,
}

/// Nothing where it is not booked yet. `references`: those of the statement so far.
pub(super) fn rows(
    source: &Source<'_>,
    entry: &Node<'_>,
    account: Account<'_>,
    line: usize,
    references: &mut References,
) -> Result<Vec<Row>, BadFile> {
    // Since 001.08 the status is a code in an element of its own.
    let status = Some(entry.text_at("Sts/Cd")).filter(|code| !code.is_empty()).unwrap_or(entry.text_at("Sts"));
    match status {
        "BOOK" => {}
        "PDNG" | "INFO" | "FUTR" => return Ok(Vec::new()),
        other => {
            let what = format!("the entry says {other:?} where it must say BOOK, PDNG, INFO or FUTR (<Sts>)");
            return Err(source.bad(entry.find("Sts").unwrap_or(entry).at, what, FETCH_AGAIN));
        }
    }
    let total = amount_of(source, entry, account)?;
    let total = if comes_in(source, entry)? { total } else { negated(total) };
    let Some(booked) = entry.find_of(&["BookgDt", "ValDt"]) else {
        return Err(source.bad(entry.at, "the entry has no date (<BookgDt>)", FETCH_AGAIN));
    };
    let entire = Row {
        line,
        bank_reference: given(entry.text_at("AcctSvcrRef")),
        batch: given(entry.text_at("NtryDtls/Btch/PmtInfId")),
        fee: fee(source, entry, account)?,
        ..Row::bare(date(source, booked)?, total, nature(entry, entry.find("BkTxCd")))
    };
    let mut movements = Vec::new();
    for group in entry.all("NtryDtls") {
        for details in group.all("TxDtls") {
            let amount = movement(source, entry, details, account)?;
            movements.push(Movement { details, amount, fee: fee(source, details, account)? });
        }
    }
    let also = entry.text_at("AddtlNtryInf");
    let mut rows: Vec<Row> = match movements.as_slice() {
        [] => vec![Row { text: also.to_owned(), ..entire }],
        [one] => vec![row(one, entry, account, &Row { fee: one.fee.or(entire.fee), ..entire }, also)],
        several => {
            if let Some(amounts) = parts(several, total, source, entry.at)? {
                let with = |(movement, amount): (&Movement<'_, '_>, Money)| {
                    row(movement, entry, account, &Row { amount, fee: movement.fee, ..entire.clone() }, also)
                };
                several.iter().zip(amounts).map(with).collect()
            } else {
                let rows: Vec<Row> = several.iter().map(|each| row(each, entry, account, &entire, also)).collect();
                vec![common(&rows, entire)]
            }
        }
    };
    references.tell_apart(&mut rows);
    Ok(rows)
}

/// What is the same in all of them, where they cannot be booked one by one.
fn common(rows: &[Row], entire: Row) -> Row {
    let same = |field: fn(&Row) -> &String| {
        let first = rows.first().map(field);
        first.filter(|first| rows.iter().all(|row| field(row) == *first)).cloned().unwrap_or_default()
    };
    Row {
        name: same(|row| &row.name),
        iban: same(|row| &row.iban),
        text: same(|row| &row.text),
        reference: same(|row| &row.reference),
        end_to_end: same(|row| &row.end_to_end),
        batch: same(|row| &row.batch),
        mandate: same(|row| &row.mandate),
        reason: same(|row| &row.reason),
        ..entire
    }
}

/// What each of several moves, where all say it and it comes to the entry: alone, or with the fees that banks add to returns.
fn parts(
    movements: &[Movement<'_, '_>],
    total: Money,
    source: &Source<'_>,
    at: usize,
) -> Result<Option<Vec<Money>>, BadFile> {
    let Some(amounts) = movements.iter().map(|movement| movement.amount).collect::<Option<Vec<Money>>>() else {
        return Ok(None);
    };
    if amount::sum(total.currency(), amounts.iter().copied(), source, at)? == total {
        return Ok(Some(amounts));
    }
    let less_fee = |movement: &Movement<'_, '_>| match (movement.amount, movement.fee) {
        (Some(amount), Some(fee)) => amount.checked_sub(fee).ok(),
        (amount, _) => amount,
    };
    let with_fees: Vec<Money> = movements.iter().filter_map(less_fee).collect();
    let complete = with_fees.len() == movements.len();
    let comes_to = amount::sum(total.currency(), with_fees.iter().copied(), source, at)? == total;
    Ok((complete && comes_to).then_some(with_fees))
}

/// What the details say that they move. None where they say nothing, or only what it was in another currency.
fn movement(
    source: &Source<'_>,
    entry: &Node<'_>,
    details: &Node<'_>,
    account: Account<'_>,
) -> Result<Option<Money>, BadFile> {
    let said = ["Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"].iter().filter_map(|path| details.find(path));
    let ours = said.into_iter().find(|amount| amount.attribute("Ccy") == Some(account.currency.code()));
    let Some(amount) = ours else {
        return Ok(None);
    };
    let money = amount::read(amount.text.trim(), account.currency, ISO, source, amount.at)?;
    let signed = if details.find("CdtDbtInd").is_some() { details } else { entry };
    Ok(Some(if comes_in(source, signed)? { money } else { negated(money) }))
}

/// What the banks took, above zero. What is not part of the amount is an entry of its own.
fn fee(source: &Source<'_>, node: &Node<'_>, account: Account<'_>) -> Result<Option<Money>, BadFile> {
    let mut taken = Vec::new();
    for charges in node.all("Chrgs") {
        // Since 001.04 there is a record for each; before, the element is one.
        let records: Vec<&Node<'_>> = charges.all("Rcrd").collect();
        for record in if records.is_empty() { vec![charges] } else { records } {
            let ours = record.find("Amt").filter(|amount| amount.attribute("Ccy") == Some(account.currency.code()));
            let Some(amount) = ours.filter(|_| record.text_at("ChrgInclInd") != "false") else {
                continue;
            };
            let money = amount::read(amount.text.trim(), account.currency, ISO, source, amount.at)?;
            taken.push(if record.text_at("CdtDbtInd") == "CRDT" { negated(money) } else { money });
        }
    }
    let fee = amount::sum(account.currency, taken, source, node.at)?;
    Ok(Some(fee).filter(|fee| !fee.is_zero()))
}

fn nature(entry: &Node<'_>, code: Option<&Node<'_>>) -> Nature {
    let reversal = matches!(entry.text_at("RvslInd"), "true" | "1");
    code.map_or(Nature::Transfer, |code| code::nature(code, reversal))
}

fn row(movement: &Movement<'_, '_>, entry: &Node<'_>, account: Account<'_>, entire: &Row, also: &str) -> Row {
    let details = movement.details;
    let or_entire = |path: &str, entire: &str| {
        Some(given(details.text_at(path))).filter(|own| !own.is_empty()).unwrap_or(entire.to_owned())
    };
    let returned = details.find("RtrInf");
    let nature = match details.find("BkTxCd") {
        _ if returned.is_some() => Nature::Return,
        Some(code) => nature(entry, Some(code)),
        None => entire.nature,
    };
    let (name, iban) = other_side(details, account, !entire.amount.is_negative() ^ (nature == Nature::Return));
    let remittance: Vec<&Node<'_>> = details.all("RmtInf").collect();
    let lines = remittance.iter().flat_map(|information| information.all("Ustrd")).map(|line| line.text.trim());
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let text = match (lines.is_empty(), details.text_at("AddtlTxInf")) {
        (false, _) => lines.join("\n"),
        (true, "") => also.to_owned(),
        (true, more) => more.to_owned(),
    };
    let structured = remittance.iter().flat_map(|information| information.all("Strd"));
    let references = structured.map(|each| each.text_at("CdtrRefInf/Ref")).find(|reference| !reference.is_empty());
    Row {
        nature,
        bank_reference: or_entire("Refs/AcctSvcrRef", &entire.bank_reference),
        name,
        iban,
        text,
        reference: references.unwrap_or_default().to_owned(),
        end_to_end: given(details.text_at("Refs/EndToEndId")),
        batch: or_entire("Refs/PmtInfId", &entire.batch),
        mandate: given(details.text_at("Refs/MndtId")),
        reason: returned.map_or("", |info| info.text_at("Rsn/Cd")).to_owned(),
        ..entire.clone()
    }
}

/// Name and IBAN. Who paid us, or whom we paid; of what comes back the parts are still those of what was sent.
fn other_side(details: &Node<'_>, account: Account<'_>, debtor: bool) -> (String, String) {
    let parties = details.find("RltdPties");
    let of = |role: &str| {
        let Some(parties) = parties else {
            return (String::new(), String::new());
        };
        // Since 001.08 a party is one or an agent, each in an element of its own.
        let names = [format!("{role}/Pty/Nm"), format!("{role}/Nm"), format!("{role}/Agt/FinInstnId/Nm")];
        let name = names.iter().map(|path| parties.text_at(path)).find(|name| !name.is_empty());
        let numbers = [format!("{role}Acct/Id/IBAN"), format!("{role}Acct/Id/Othr/Id")];
        let number = numbers.iter().map(|path| parties.text_at(path)).find(|number| !number.is_empty());
        (name.unwrap_or_default().to_owned(), number.unwrap_or_default().to_owned())
    };
    let (first, second) = if debtor { (of("Dbtr"), of("Cdtr")) } else { (of("Cdtr"), of("Dbtr")) };
    let ours = |side: &(String, String)| side.1 == account.number;
    let empty = |side: &(String, String)| side.0.is_empty() && side.1.is_empty();
    let better = !empty(&second) && !ours(&second) && (empty(&first) || ours(&first));
    if better { second } else { first }
}
