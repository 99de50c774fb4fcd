//! The detailed exports: a row for each charge and each paid term (R64, R93), for each document, and for each line of one.

use super::sheet::{Cell, Column};
use crate::money::Currency;
use crate::time::Instant;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a resource's labels are called among its properties.
pub const DETAIL_LABELS: &str = "label.";

/// A charge, or a term that was paid ahead: bill, period, product, resource, item, mode, usage and unit, order, user, list price,
/// voucher and cash (R93), with the exact time it ran (R64).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailRow {
    pub account: String,
    pub project: String,
    pub user: String,
    /// The document's number; empty: it is on none yet, or that waits for its number.
    pub bill: String,
    /// `bill` or `statement`.
    pub bill_kind: String,
    pub bill_id: String,
    /// Which of the document's lines, from 1.
    pub line: Option<i64>,
    /// The billing period.
    pub period: Option<(Instant, Instant)>,
    /// Among the account's charges; none: it is a term.
    pub number: Option<i64>,
    pub product: String,
    pub product_name: String,
    pub resource: String,
    /// The configuration, and the part of the product.
    pub item: String,
    pub part: String,
    /// `pay_as_you_go`, `subscription`.
    pub mode: String,
    pub order: String,
    pub from: Instant,
    pub to: Instant,
    /// When within that time it cost something, to the second.
    pub ran: Option<(Instant, Instant)>,
    /// In millionths.
    pub usage: Option<i128>,
    pub unit: String,
    /// What the catalogue says it costs.
    pub price: String,
    pub price_version: i64,
    pub list: i64,
    pub net: i64,
    pub credit: i64,
    pub cash: i64,
    pub debt: i64,
    /// Nothing has paid it but a bill.
    pub billed: i64,
    pub correction: bool,
    pub sealed: Instant,
    pub properties: BTreeMap<String, String>,
}

/// A line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    pub account: String,
    pub document: String,
    pub document_id: String,
    pub kind: String,
    pub issued: Instant,
    /// From 1.
    pub line: i64,
    pub text: String,
    pub product: String,
    /// Days, both served.
    pub from: String,
    pub to: String,
    pub quantity: String,
    pub tax_group: String,
    pub amount: i64,
    pub coupon: i64,
    /// Of use: list, net, free credit, balance, bill.
    pub used: Option<[i64; 5]>,
}

pub fn detail_columns(currency: Currency) -> Vec<Column> {
    let money = |name| Column::money(name, currency);
    vec![
        Column::text("account"),
        Column::text("project"),
        Column::text("user"),
        Column::text("bill"),
        Column::text("bill_kind"),
        Column::text("bill_id"),
        Column::whole("bill_line"),
        Column::time("period_from"),
        Column::time("period_to"),
        Column::whole("charge"),
        Column::text("product"),
        Column::text("product_name"),
        Column::text("resource"),
        Column::text("item"),
        Column::text("part"),
        Column::text("mode"),
        Column::text("order"),
        Column::time("from"),
        Column::time("to"),
        Column::time("ran_from"),
        Column::time("ran_to"),
        Column::quantity("usage"),
        Column::text("unit"),
        Column::text("price"),
        Column::whole("price_version"),
        money("list"),
        money("discount"),
        money("net"),
        money("credit"),
        money("cash"),
        money("debt"),
        money("billed"),
        Column::text("currency"),
        Column::truth("correction"),
        Column::time("sealed_at"),
        Column::object("labels"),
        Column::object("properties"),
    ]
}

impl DetailRow {
    pub fn cells(self, currency: Currency) -> Vec<Cell> {
        let (labels, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            self.properties.into_iter().partition(|(key, _)| key.starts_with(DETAIL_LABELS));
        let labels = labels.into_iter().map(|(key, value)| (key.replacen(DETAIL_LABELS, "", 1), value)).collect();
        vec![
            Cell::text(self.account),
            Cell::text(self.project),
            Cell::text(self.user),
            Cell::text(self.bill),
            Cell::text(self.bill_kind),
            Cell::text(self.bill_id),
            Cell::maybe(self.line, Cell::Whole),
            Cell::maybe(self.period, |period| Cell::Time(period.0)),
            Cell::maybe(self.period, |period| Cell::Time(period.1)),
            Cell::maybe(self.number, Cell::Whole),
            Cell::text(self.product),
            Cell::text(self.product_name),
            Cell::text(self.resource),
            Cell::text(self.item),
            Cell::text(self.part),
            Cell::text(self.mode),
            Cell::text(self.order),
            Cell::Time(self.from),
            Cell::Time(self.to),
            Cell::maybe(self.ran, |ran| Cell::Time(ran.0)),
            Cell::maybe(self.ran, |ran| Cell::Time(ran.1)),
            Cell::maybe(self.usage, Cell::Decimal),
            Cell::text(self.unit),
            Cell::text(self.price),
            Cell::Whole(self.price_version),
            Cell::units(self.list),
            Cell::units(self.list.saturating_sub(self.net)),
            Cell::units(self.net),
            Cell::units(self.credit),
            Cell::units(self.cash),
            Cell::units(self.debt),
            Cell::units(self.billed),
            Cell::text(currency.code()),
            Cell::Truth(self.correction),
            Cell::Time(self.sealed),
            object(labels),
            object(others),
        ]
    }
}

/// A row for each document.
pub fn document_columns(currency: Currency) -> Vec<Column> {
    let money = |name| Column::money(name, currency);
    vec![
        Column::text("account"),
        Column::text("number"),
        Column::text("id"),
        Column::text("kind"),
        Column::text("state"),
        Column::time("issued_at"),
        Column::time("due_at"),
        Column::time("period_from"),
        Column::time("period_to"),
        Column::text("of"),
        money("net"),
        money("tax"),
        money("brought_forward"),
        money("total"),
        money("paid"),
        money("credited"),
        money("due"),
        Column::text("currency"),
        Column::text("buyer"),
        Column::text("buyer_country"),
        Column::text("buyer_tax_number"),
        Column::text("reason"),
    ]
}

pub fn line_columns(currency: Currency) -> Vec<Column> {
    let money = |name| Column::money(name, currency);
    vec![
        Column::text("account"),
        Column::text("bill"),
        Column::text("bill_id"),
        Column::text("kind"),
        Column::time("issued_at"),
        Column::whole("line"),
        Column::text("text"),
        Column::text("product"),
        Column::text("from"),
        Column::text("to"),
        Column::text("quantity"),
        Column::text("tax_group"),
        money("amount"),
        money("coupon"),
        money("used_list"),
        money("used_net"),
        money("used_credit"),
        money("used_balance"),
        money("used_billed"),
        Column::text("currency"),
    ]
}

impl LineRow {
    pub fn cells(self, currency: Currency) -> Vec<Cell> {
        let used = |place: usize| Cell::maybe(self.used, |used| Cell::units(used[place]));
        vec![
            Cell::text(self.account),
            Cell::text(self.document),
            Cell::text(self.document_id),
            Cell::text(self.kind),
            Cell::Time(self.issued),
            Cell::Whole(self.line),
            Cell::text(self.text),
            Cell::text(self.product),
            Cell::text(self.from),
            Cell::text(self.to),
            Cell::text(self.quantity),
            Cell::text(self.tax_group),
            Cell::units(self.amount),
            Cell::units(self.coupon),
            used(0),
            used(1),
            used(2),
            used(3),
            used(4),
            Cell::text(currency.code()),
        ]
    }
}

/// Texts by their names, as a JSON object; nothing where there are none.
pub(super) fn object(texts: BTreeMap<String, String>) -> Cell {
    if texts.is_empty() {
        return Cell::Nothing;
    }
    let object: Map<String, Value> = texts.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
    Cell::Text(Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Instant {
        Instant::try_from_seconds(hour * 3_600).unwrap()
    }

    fn row() -> DetailRow {
        DetailRow {
            account: "acme".to_owned(),
            project: "site".to_owned(),
            user: "li".to_owned(),
            bill: "BOH-1".to_owned(),
            bill_kind: "bill".to_owned(),
            bill_id: "bill_1".to_owned(),
            line: Some(1),
            period: Some((at(0), at(24))),
            number: Some(7),
            product: "job".to_owned(),
            product_name: "Computing job".to_owned(),
            resource: "j1".to_owned(),
            item: "c4-m8-cpu".to_owned(),
            part: String::new(),
            mode: "pay_as_you_go".to_owned(),
            order: String::new(),
            from: at(0),
            to: at(24),
            ran: Some((at(1), at(2))),
            usage: Some(3_600_000_000),
            unit: "second".to_owned(),
            price: "0.60 / hour".to_owned(),
            price_version: 1,
            list: 60_000_000,
            net: 50_000_000,
            credit: 20_000_000,
            cash: 30_000_000,
            debt: 0,
            billed: 0,
            correction: false,
            sealed: at(24),
            properties: [("label.team", "蓝"), ("region", "cn")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    #[test]
    fn a_row_has_a_cell_for_each_column_and_parts_that_add_up() {
        let currency = Currency::parse("CNY").unwrap();
        let (columns, cells) = (detail_columns(currency), row().cells(currency));
        assert_eq!(columns.len(), cells.len());
        let cell = |name: &str| cells[columns.iter().position(|column| column.name == name).unwrap()].clone();
        assert_eq!(cell("labels"), Cell::text("{\"team\":\"蓝\"}"));
        assert_eq!(cell("properties"), Cell::text("{\"region\":\"cn\"}"));
        assert_eq!(cell("discount"), Cell::units(10_000_000));
        assert_eq!(cell("ran_from"), Cell::Time(at(1)));
        assert_eq!(cell("order"), Cell::Nothing);
    }

    #[test]
    fn lines_have_a_cell_for_each_column() {
        let currency = Currency::parse("EUR").unwrap();
        let line = LineRow {
            account: "acme".to_owned(),
            document: "B-1".to_owned(),
            document_id: "bill_1".to_owned(),
            kind: "bill".to_owned(),
            issued: at(0),
            line: 1,
            text: "Service".to_owned(),
            product: "service".to_owned(),
            from: "2026-01-01".to_owned(),
            to: "2026-01-31".to_owned(),
            quantity: String::new(),
            tax_group: "DE-19".to_owned(),
            amount: 1,
            coupon: 0,
            used: None,
        };
        assert_eq!(line.cells(currency).len(), line_columns(currency).len());
    }
}
