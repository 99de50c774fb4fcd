//! FOCUS 1.0, the `FinOps` Foundation's format of cost and usage: its columns, and what Farthing's charges and documents are in them.
//!
//! - *`BilledCost`* is what a document asks for: over the rows of one bill they come to its total, less what it brings forward from an earlier
//!   one, whose rows have that. Use that a balance or free credit has paid has none: what was paid in advance for it is a row of its
//!   own, a purchase, where the cloud issues a document for it.
//! - *`EffectiveCost`* is what use and purchases cost in money, whenever that was paid: free credit costs nothing.
//! - *`ListCost`* and *`ContractedCost`* are the price list's and the account's price.
//!
//! Columns of our own begin with `x_`, as the specification asks.

use super::detail::object;
use super::sheet::{Cell, Column, ColumnKind, price_of_one};
use crate::money::Currency;
use crate::time::Instant;
use std::collections::BTreeMap;

/// Digits behind the point of a price of one unit.
const PRICE_SCALE: u32 = 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FocusCategory {
    /// A sealed charge.
    Usage,
    /// Something paid ahead: a term, credit added.
    Purchase,
    Tax,
    /// A coupon.
    Credit,
    /// What rounding to whole minor units changes, what was billed before, a late fee, a credit note.
    Adjustment,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FocusRow {
    pub category: FocusCategory,
    /// Of a period that was billed before.
    pub correction: bool,
    /// Comes again with each period.
    pub recurring: bool,
    pub description: String,
    pub account: String,
    pub project: String,
    pub billing_period: (Instant, Instant),
    pub charge_period: (Instant, Instant),
    pub billed: i64,
    pub effective: i64,
    pub list: i64,
    pub contracted: i64,
    /// In millionths, and of what.
    pub quantity: Option<(i128, String)>,
    pub provider: String,
    pub issuer: String,
    pub region: String,
    pub resource: String,
    /// The catalogue's category of the product.
    pub service_category: String,
    pub service: String,
    pub product: String,
    pub sku: String,
    pub price_version: Option<i64>,
    pub labels: BTreeMap<String, String>,
    pub document: String,
    pub document_id: String,
    pub document_kind: String,
    pub line: Option<i64>,
    pub charge: Option<i64>,
    pub credit: i64,
    pub user: String,
}

impl FocusCategory {
    pub const fn name(self) -> &'static str {
        match self {
            FocusCategory::Usage => "Usage",
            FocusCategory::Purchase => "Purchase",
            FocusCategory::Tax => "Tax",
            FocusCategory::Credit => "Credit",
            FocusCategory::Adjustment => "Adjustment",
        }
    }
}

/// What the specification knows; what a catalogue says besides is `Other`.
const SERVICE_CATEGORIES: [&str; 19] = [
    "AI and Machine Learning",
    "Analytics",
    "Business Applications",
    "Compute",
    "Databases",
    "Developer Tools",
    "Multicloud",
    "Identity",
    "Integration",
    "Internet of Things",
    "Management and Governance",
    "Media",
    "Migration",
    "Mobile",
    "Networking",
    "Security",
    "Storage",
    "Web",
    "Other",
];

pub fn focus_columns(currency: Currency) -> Vec<Column> {
    let money = |name| Column { name, kind: ColumnKind::Number { scale: currency.decimal_digits() } };
    let price = |name| Column { name, kind: ColumnKind::Number { scale: PRICE_SCALE } };
    let quantity = |name| Column { name, kind: ColumnKind::Number { scale: 6 } };
    let text = Column::text;
    vec![
        money("BilledCost"),
        text("BillingAccountId"),
        text("BillingAccountName"),
        text("BillingCurrency"),
        Column::time("BillingPeriodEnd"),
        Column::time("BillingPeriodStart"),
        text("ChargeCategory"),
        text("ChargeClass"),
        text("ChargeDescription"),
        text("ChargeFrequency"),
        Column::time("ChargePeriodEnd"),
        Column::time("ChargePeriodStart"),
        text("CommitmentDiscountCategory"),
        text("CommitmentDiscountId"),
        text("CommitmentDiscountName"),
        text("CommitmentDiscountStatus"),
        text("CommitmentDiscountType"),
        quantity("ConsumedQuantity"),
        text("ConsumedUnit"),
        money("ContractedCost"),
        price("ContractedUnitPrice"),
        money("EffectiveCost"),
        text("InvoiceIssuerName"),
        money("ListCost"),
        price("ListUnitPrice"),
        text("PricingCategory"),
        quantity("PricingQuantity"),
        text("PricingUnit"),
        text("ProviderName"),
        text("PublisherName"),
        text("RegionId"),
        text("RegionName"),
        text("ResourceId"),
        text("ResourceName"),
        text("ResourceType"),
        text("ServiceCategory"),
        text("ServiceName"),
        text("SkuId"),
        text("SkuPriceId"),
        text("SubAccountId"),
        text("SubAccountName"),
        Column::object("Tags"),
        text("x_Document"),
        text("x_DocumentId"),
        text("x_DocumentKind"),
        Column::whole("x_DocumentLine"),
        Column::whole("x_Charge"),
        money("x_PaidByCredit"),
        text("x_User"),
    ]
}

impl FocusRow {
    pub fn cells(self, currency: Currency) -> Vec<Cell> {
        let scale = currency.decimal_digits();
        let is_priced = matches!(self.category, FocusCategory::Usage | FocusCategory::Purchase);
        let quantity = self.quantity.as_ref().filter(|_| is_priced);
        let of_one = |units: i64| {
            let price = quantity.and_then(|(millionths, _)| price_of_one(units, scale, *millionths, PRICE_SCALE));
            Cell::maybe(price, Cell::Decimal)
        };
        let much = || Cell::maybe(quantity, |(millionths, _)| Cell::Decimal(*millionths));
        let unit = || Cell::maybe(quantity, |(_, unit)| Cell::text(unit.clone()));
        let is_usage = self.category == FocusCategory::Usage;
        let frequency = match self.category {
            FocusCategory::Usage => "Usage-Based",
            _ if self.recurring => "Recurring",
            _ => "One-Time",
        };
        let known = SERVICE_CATEGORIES.contains(&self.service_category.as_str());
        let service = if self.service.is_empty() { self.provider.clone() } else { self.service };
        let sku_price = match self.price_version.filter(|_| is_priced && !self.sku.is_empty()) {
            Some(version) => format!("{}@{version}", self.sku),
            None => String::new(),
        };
        vec![
            Cell::units(self.billed),
            Cell::text(self.account.clone()),
            Cell::text(self.account),
            Cell::text(currency.code()),
            Cell::Time(self.billing_period.1),
            Cell::Time(self.billing_period.0),
            Cell::text(self.category.name()),
            Cell::text(if self.correction { "Correction" } else { "" }),
            Cell::text(self.description),
            Cell::text(frequency),
            Cell::Time(self.charge_period.1),
            Cell::Time(self.charge_period.0),
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            Cell::Nothing,
            if is_usage { much() } else { Cell::Nothing },
            if is_usage { unit() } else { Cell::Nothing },
            Cell::units(self.contracted),
            of_one(self.contracted),
            Cell::units(self.effective),
            Cell::text(self.issuer),
            Cell::units(self.list),
            of_one(self.list),
            Cell::text(if is_priced { "Standard" } else { "" }),
            much(),
            unit(),
            Cell::text(self.provider.clone()),
            Cell::text(self.provider),
            Cell::text(self.region.clone()),
            Cell::text(self.region),
            Cell::text(self.resource.clone()),
            Cell::text(self.resource.clone()),
            Cell::text(if self.resource.is_empty() { "" } else { self.product.as_str() }),
            Cell::text(if known { self.service_category.as_str() } else { "Other" }),
            Cell::text(service),
            Cell::text(self.sku),
            Cell::text(sku_price),
            Cell::text(self.project.clone()),
            Cell::text(self.project),
            object(self.labels),
            Cell::text(self.document),
            Cell::text(self.document_id),
            Cell::text(self.document_kind),
            Cell::maybe(self.line, Cell::Whole),
            Cell::maybe(self.charge, Cell::Whole),
            Cell::units(self.credit),
            Cell::text(self.user),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Instant {
        Instant::try_from_seconds(hour * 3_600).unwrap()
    }

    fn row() -> FocusRow {
        FocusRow {
            category: FocusCategory::Usage,
            correction: false,
            recurring: false,
            description: "GPU pod".to_owned(),
            account: "acme".to_owned(),
            project: String::new(),
            billing_period: (at(0), at(744)),
            charge_period: (at(0), at(24)),
            billed: 36_000_000,
            effective: 36_000_000,
            list: 72_000_000,
            contracted: 36_000_000,
            quantity: Some((3_600_000_000, "Seconds".to_owned())),
            provider: "Cloud One".to_owned(),
            issuer: "Cloud One Ltd".to_owned(),
            region: String::new(),
            resource: "pod-1".to_owned(),
            service_category: "Compute".to_owned(),
            service: "GPU pod".to_owned(),
            product: "gpu-pod".to_owned(),
            sku: "h100-80g".to_owned(),
            price_version: Some(2),
            labels: BTreeMap::new(),
            document: String::new(),
            document_id: String::new(),
            document_kind: String::new(),
            line: None,
            charge: Some(1),
            credit: 0,
            user: String::new(),
        }
    }

    fn cell(row: FocusRow, name: &str) -> Cell {
        let currency = Currency::USD;
        let (columns, cells) = (focus_columns(currency), row.cells(currency));
        assert_eq!(columns.len(), cells.len());
        cells[columns.iter().position(|column| column.name == name).unwrap()].clone()
    }

    #[test]
    fn the_price_of_one_times_how_many_is_the_cost() {
        // 0.72 / 3600 s = 0.0002
        assert_eq!(cell(row(), "ListUnitPrice"), Cell::Decimal(200_000_000_000));
        assert_eq!(cell(row(), "ContractedUnitPrice"), Cell::Decimal(100_000_000_000));
        assert_eq!(cell(row(), "SkuPriceId"), Cell::text("h100-80g@2"));
    }

    #[test]
    fn what_is_no_use_has_neither_quantity_nor_price() {
        let tax = || FocusRow { category: FocusCategory::Tax, ..row() };
        for name in ["ConsumedQuantity", "PricingQuantity", "ListUnitPrice", "PricingCategory", "SkuPriceId"] {
            assert_eq!(cell(tax(), name), Cell::Nothing, "{name}");
        }
        assert_eq!(cell(tax(), "ChargeFrequency"), Cell::text("One-Time"));
        let odd = FocusRow { service_category: "Rockets".to_owned(), ..row() };
        assert_eq!(cell(odd, "ServiceCategory"), Cell::text("Other"));
    }
}
