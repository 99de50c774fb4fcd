//! Debits to collect: pain.008.001.02, for both SEPA schemes.

use super::header::{self, Sums};
use super::unfit::{Place, Unfit};
use crate::writer::Writer;
use farthing_core::bank::{Debit, DebitBatch, Iban, Scheme, Sequence};
use farthing_core::time::Instant;
use std::collections::BTreeSet;

/// One message. `message_id`: at most 35 characters, another one for each message; the bank's refusal says it again.
pub fn pain008(batches: &[DebitBatch], message_id: &str, made: Instant) -> Result<String, Unfit> {
    let message = Place::default();
    message.id("the message's id", message_id)?;
    let first = batches.first().ok_or_else(|| header::nothing(message))?;
    let mut ids = BTreeSet::new();
    let checked = batches.iter().map(|batch| check(batch, &mut ids)).collect::<Result<Vec<Checked<'_>>, Unfit>>()?;
    let all = Sums {
        count: checked.iter().map(|batch| batch.sums.count).sum(),
        cents: checked.iter().map(|batch| batch.sums.cents).sum(),
    };
    let mut writer = Writer::document("pain.008.001.02");
    writer.within("CstmrDrctDbtInitn", |writer| {
        header::group(writer, message_id, made, all, &first.creditor.name);
        for batch in &checked {
            writer.within("PmtInf", |writer| write(writer, batch));
        }
    });
    Ok(writer.finish())
}

/// A batch that every bank takes.
struct Checked<'a> {
    batch: &'a DebitBatch,
    creditor: Iban,
    sums: Sums,
    debits: Vec<(&'a Debit, Iban, i64)>,
}

fn check<'a>(batch: &'a DebitBatch, ids: &mut BTreeSet<&'a str>) -> Result<Checked<'a>, Unfit> {
    let place = Place { batch: &batch.id, end_to_end: "" };
    header::once(ids, place, "the batch's id", &batch.id)?;
    let creditor = place.party("creditor", &batch.creditor)?;
    place.creditor_id(&batch.creditor_id)?;
    let mut own = BTreeSet::new();
    let mut debits = Vec::new();
    for debit in &batch.debits {
        let place = Place { end_to_end: &debit.end_to_end, ..place };
        header::once(&mut own, place, "the reference", &debit.end_to_end)?;
        place.id("the mandate", &debit.mandate.reference)?;
        if debit.mandate.signed > batch.due {
            let what =
                format!("the mandate was signed on {} and the debit is due on {}", debit.mandate.signed, batch.due);
            return Err(place.unfit(what, "collect after it was signed"));
        }
        let iban = place.party("debtor", &debit.debtor)?;
        debits.push((debit, iban, place.cents(debit.amount)?));
    }
    if debits.is_empty() {
        return Err(header::nothing(place));
    }
    let cents = debits.iter().map(|(_, _, cents)| i128::from(*cents)).sum();
    Ok(Checked { batch, creditor, sums: Sums { count: debits.len(), cents }, debits })
}

fn write(writer: &mut Writer, checked: &Checked<'_>) {
    let batch = checked.batch;
    writer.text("PmtInfId", &batch.id);
    writer.text("PmtMtd", "DD");
    writer.text("BtchBookg", "true");
    checked.sums.write(writer);
    writer.within("PmtTpInf", |writer| {
        writer.within("SvcLvl", |writer| writer.text("Cd", "SEPA"));
        let scheme = match batch.scheme {
            Scheme::Core => "CORE",
            Scheme::B2b => "B2B",
        };
        writer.within("LclInstrm", |writer| writer.text("Cd", scheme));
        let sequence = match batch.sequence {
            Sequence::First => "FRST",
            Sequence::Recurring => "RCUR",
            Sequence::Final => "FNAL",
            Sequence::OneOff => "OOFF",
        };
        writer.text("SeqTp", sequence);
    });
    writer.text("ReqdColltnDt", &batch.due.to_string());
    header::name(writer, "Cdtr", &batch.creditor);
    header::account(writer, "CdtrAcct", &checked.creditor);
    header::agent(writer, "CdtrAgt", &batch.creditor.bic);
    writer.text("ChrgBr", "SLEV");
    writer.along(&["CdtrSchmeId", "Id", "PrvtId", "Othr"], |writer| {
        writer.text("Id", &batch.creditor_id);
        writer.within("SchmeNm", |writer| writer.text("Prtry", "SEPA"));
    });
    for (debit, iban, cents) in &checked.debits {
        writer.within("DrctDbtTxInf", |writer| {
            writer.within("PmtId", |writer| writer.text("EndToEndId", &debit.end_to_end));
            writer.amount("InstdAmt", &[("Ccy", "EUR")], &header::euros(i128::from(*cents)));
            writer.along(&["DrctDbtTx", "MndtRltdInf"], |writer| {
                writer.text("MndtId", &debit.mandate.reference);
                writer.text("DtOfSgntr", &debit.mandate.signed.to_string());
            });
            header::agent(writer, "DbtrAgt", &debit.debtor.bic);
            header::name(writer, "Dbtr", &debit.debtor);
            header::account(writer, "DbtrAcct", iban);
            header::remittance(writer, &debit.text);
        });
    }
}
