//! Rows of documents and of their lines.

use super::account::AccountPages;
use super::ask::ExportAsk;
use crate::bills::BillFacts;
use farthing_core::export::{Cell, LineRow};
use farthing_core::money::Currency;
use farthing_core::payment::BillId;
use farthing_core::time::Instant;

pub(super) fn document_cells(account: &AccountPages, id: BillId, facts: BillFacts, currency: Currency) -> Vec<Cell> {
    let period = account.documents.iter().find(|document| document.id == id).map(|document| document.period);
    vec![
        Cell::text(facts.account),
        Cell::text(facts.number),
        Cell::text(facts.id),
        Cell::text(facts.kind),
        Cell::text(facts.state),
        Cell::Time(Instant::from_micros(facts.issued)),
        Cell::maybe(facts.due_at, |at| Cell::Time(Instant::from_micros(at))),
        Cell::maybe(period, |period| Cell::Time(period.0)),
        Cell::maybe(period, |period| Cell::Time(period.1)),
        Cell::text(facts.of_number),
        Cell::units(facts.net),
        Cell::units(facts.tax),
        Cell::units(facts.brought_forward),
        Cell::units(facts.total),
        Cell::units(facts.paid),
        Cell::units(facts.credited),
        Cell::units(facts.due),
        Cell::text(currency.code()),
        Cell::text(facts.buyer.name),
        Cell::text(facts.buyer.country),
        Cell::text(facts.buyer.tax_number),
        Cell::text(facts.reason),
    ]
}

pub(super) fn line_cells(ask: &ExportAsk, facts: BillFacts, currency: Currency) -> Vec<Vec<Cell>> {
    let wanted = |product: &str| ask.product.as_ref().is_none_or(|asked| asked == product);
    let lines = facts.lines.into_iter().zip(1..).filter(|(line, _)| wanted(&line.product));
    let row = |(line, place): (crate::BillLineFacts, i64)| LineRow {
        account: facts.account.clone(),
        document: facts.number.clone(),
        document_id: facts.id.clone(),
        kind: facts.kind.clone(),
        issued: Instant::from_micros(facts.issued),
        line: place,
        text: line.text,
        product: line.product,
        from: line.from.unwrap_or_default(),
        to: line.to.unwrap_or_default(),
        quantity: line.quantity.unwrap_or_default(),
        tax_group: line.tax_group,
        amount: line.amount,
        coupon: line.coupon,
        used: line.used.map(|used| [used.list, used.net, used.credit, used.balance, used.unbilled]),
    };
    lines.map(|line| row(line).cells(currency)).collect()
}
