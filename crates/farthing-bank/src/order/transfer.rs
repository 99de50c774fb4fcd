//! Transfers to make: pain.001.001.03.

use super::header::{self, Sums};
use super::unfit::{Place, Unfit};
use crate::writer::Writer;
use farthing_core::bank::{Iban, Transfer, TransferBatch};
use farthing_core::time::Instant;
use std::collections::BTreeSet;

/// One message. `message_id`: at most 35 characters, another one for each message; the bank's refusal says it again.
pub fn pain001(batches: &[TransferBatch], message_id: &str, made: Instant) -> Result<String, Unfit> {
    let message = Place::default();
    message.id("the message's id", message_id)?;
    let first = batches.first().ok_or_else(|| header::nothing(message))?;
    let mut ids = BTreeSet::new();
    let checked = batches.iter().map(|batch| check(batch, &mut ids)).collect::<Result<Vec<Checked<'_>>, Unfit>>()?;
    let all = Sums {
        count: checked.iter().map(|batch| batch.sums.count).sum(),
        cents: checked.iter().map(|batch| batch.sums.cents).sum(),
    };
    let mut writer = Writer::document("pain.001.001.03");
    writer.within("CstmrCdtTrfInitn", |writer| {
        header::group(writer, message_id, made, all, &first.debtor.name);
        for batch in &checked {
            writer.within("PmtInf", |writer| write(writer, batch));
        }
    });
    Ok(writer.finish())
}

/// A batch that every bank takes.
struct Checked<'a> {
    batch: &'a TransferBatch,
    debtor: Iban,
    sums: Sums,
    transfers: Vec<(&'a Transfer, Iban, i64)>,
}

fn check<'a>(batch: &'a TransferBatch, ids: &mut BTreeSet<&'a str>) -> Result<Checked<'a>, Unfit> {
    let place = Place { batch: &batch.id, end_to_end: "" };
    header::once(ids, place, "the batch's id", &batch.id)?;
    let debtor = place.party("debtor", &batch.debtor)?;
    let mut own = BTreeSet::new();
    let mut transfers = Vec::new();
    for transfer in &batch.transfers {
        let place = Place { end_to_end: &transfer.end_to_end, ..place };
        header::once(&mut own, place, "the reference", &transfer.end_to_end)?;
        let iban = place.party("creditor", &transfer.creditor)?;
        transfers.push((transfer, iban, place.cents(transfer.amount)?));
    }
    if transfers.is_empty() {
        return Err(header::nothing(place));
    }
    let cents = transfers.iter().map(|(_, _, cents)| i128::from(*cents)).sum();
    Ok(Checked { batch, debtor, sums: Sums { count: transfers.len(), cents }, transfers })
}

fn write(writer: &mut Writer, checked: &Checked<'_>) {
    let batch = checked.batch;
    writer.text("PmtInfId", &batch.id);
    writer.text("PmtMtd", "TRF");
    writer.text("BtchBookg", "true");
    checked.sums.write(writer);
    writer.along(&["PmtTpInf", "SvcLvl"], |writer| writer.text("Cd", "SEPA"));
    writer.text("ReqdExctnDt", &batch.on.to_string());
    header::name(writer, "Dbtr", &batch.debtor);
    header::account(writer, "DbtrAcct", &checked.debtor);
    header::agent(writer, "DbtrAgt", &batch.debtor.bic);
    writer.text("ChrgBr", "SLEV");
    for (transfer, iban, cents) in &checked.transfers {
        writer.within("CdtTrfTxInf", |writer| {
            writer.within("PmtId", |writer| writer.text("EndToEndId", &transfer.end_to_end));
            writer.within("Amt", |writer| {
                writer.amount("InstdAmt", &[("Ccy", "EUR")], &header::euros(i128::from(*cents)));
            });
            // Where nothing is known of the bank, this message leaves it out: the IBAN names it.
            if !transfer.creditor.bic.is_empty() {
                header::agent(writer, "CdtrAgt", &transfer.creditor.bic);
            }
            header::name(writer, "Cdtr", &transfer.creditor);
            header::account(writer, "CdtrAcct", iban);
            header::remittance(writer, &transfer.text);
        });
    }
}
