//! What both kinds of order begin with, and the sums that a bank holds them to.

use super::characters::cut;
use super::unfit::{Place, Unfit};
use crate::writer::Writer;
use farthing_core::bank::{Iban, Party};
use farthing_core::time::Instant;
use std::collections::BTreeSet;

pub(super) const NAME_MAX: usize = 70;
pub(super) const TEXT_MAX: usize = 140;

/// How many, and cents in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums {
    pub(super) count: usize,
    pub(super) cents: i128,
}

impl Sums {
    pub(super) fn write(self, writer: &mut Writer) {
        writer.text("NbOfTxs", &self.count.to_string());
        writer.text("CtrlSum", &euros(self.cents));
    }
}

pub(super) fn euros(cents: i128) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The message's own part, over all batches.
pub(super) fn group(writer: &mut Writer, message_id: &str, made: Instant, sums: Sums, from: &str) {
    writer.within("GrpHdr", |writer| {
        writer.text("MsgId", message_id);
        writer.text("CreDtTm", &made.floor_second().to_string());
        sums.write(writer);
        writer.within("InitgPty", |writer| writer.text("Nm", &cut(from, NAME_MAX)));
    });
}

/// `name`, `nameAcct` and `nameAgt` in the order that the message has them.
pub(super) fn account(writer: &mut Writer, element: &'static str, iban: &Iban) {
    writer.along(&[element, "Id"], |writer| writer.text("IBAN", iban.as_str()));
}

pub(super) fn agent(writer: &mut Writer, element: &'static str, bic: &str) {
    writer.along(&[element, "FinInstnId"], |writer| {
        if bic.is_empty() {
            writer.within("Othr", |writer| writer.text("Id", "NOTPROVIDED"));
        } else {
            writer.text("BIC", bic);
        }
    });
}

pub(super) fn name(writer: &mut Writer, element: &'static str, party: &Party) {
    writer.within(element, |writer| writer.text("Nm", &cut(&party.name, NAME_MAX)));
}

pub(super) fn remittance(writer: &mut Writer, text: &str) {
    let text = cut(text, TEXT_MAX);
    if !text.is_empty() {
        writer.within("RmtInf", |writer| writer.text("Ustrd", &text));
    }
}

/// An id that may come once.
pub(super) fn once<'a>(seen: &mut BTreeSet<&'a str>, place: Place<'_>, name: &str, id: &'a str) -> Result<(), Unfit> {
    place.id(name, id)?;
    if seen.insert(id) {
        return Ok(());
    }
    Err(place
        .unfit(format!("{name} {id:?} is there twice"), "give each its own, or what comes back cannot be told apart"))
}

pub(super) fn nothing(place: Place<'_>) -> Unfit {
    place.unfit("there is nothing in it", "send nothing to the bank")
}
