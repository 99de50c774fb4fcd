//! The catalogue: products and prices, as one typed record, read from `catalog.toml`.
//!
//! Owns the vocabulary of products, which price applies to what (SKU, component, contract), and what in a catalogue cannot
//! be. What a quantity costs at a price is `rate`'s; what a duration or a quantity of a product costs, `estimate`'s.

mod check;
mod meter;
mod offer;
mod pricing;
mod product;

pub use meter::{Aggregate, Meter};
pub use offer::{Offer, OfferError, Wanted};
pub use pricing::{Free, Mode, Pricing, RoundTo, Scope};
pub use product::{
    Addon, AtZero, Charged, Codes, Component, Contract, Counts, Coupon, Gift, Kind, OnDelete, OnPurge, OnSuspend, Pack,
    PerPeriod, PriceAt, Product, Proration, Provision, Quota, Raise, Restore, Sku,
};

use crate::config::{Item, Key, Name, Reader, Remark, Source, Table, Text, nearest, section};
use crate::money::Currency;
use crate::policy::{Policy, keys_of};
use std::collections::BTreeMap;

section! {
    /// The whole of `catalog.toml`.
    Catalog {
        /// What counts
        meter: Vec<Meter> = "[]" @ Catalogue,
        /// What is sold
        product: Vec<Product> = "[]" @ Catalogue,
        /// What single customers were promised
        contract: Vec<Contract> = "[]" @ Catalogue,
        /// Kinds of credit that are given away
        gift: Vec<Gift> = "[]" @ Orders,
        /// What people can type to pay less
        coupon: Vec<Coupon> = "[]" @ Orders,
    }
}

impl Catalog {
    /// Reads what `catalog.toml` says, of a cloud with this policy. Whatever is wrong is in the remarks.
    pub fn read(source: &Source, table: &Table, policy: &Policy) -> (Option<Catalog>, Vec<Remark>) {
        let mut reader = Reader::new(source, policy.cloud.currency);
        reader.tell_unknown(table, Catalog::known());
        let catalog = Catalog::read_table(table, 0..0, &mut reader);
        if let Some(catalog) = &catalog {
            check::check(catalog, policy, &mut reader);
        }
        (catalog, reader.remarks)
    }

    /// Every key of `catalog.toml`, in the order of the sections.
    pub fn all_keys() -> Vec<Key> {
        keys_of::<Catalog>()
    }

    /// Reads one coupon that is not in the file, by the same words and with the same checks. A code of the file's is taken.
    pub fn read_coupon(&self, source: &Source, currency: Currency) -> (Option<Coupon>, Vec<Remark>) {
        let (table, faults) = Item::read_file(source);
        let mut reader = Reader::new(source, currency);
        reader.remarks = faults;
        reader.tell_unknown(&table, Coupon::known());
        let coupon = Coupon::read_table(&table, 0..0, &mut reader);
        if let Some(coupon) = &coupon {
            check::of_coupon(self, coupon, &mut reader);
        }
        (coupon, reader.remarks)
    }

    pub fn gift_by_id(&self, id: &str) -> Option<&Gift> {
        self.gift.iter().find(|gift| gift.id.as_str() == id)
    }

    /// In capitals or not.
    pub fn coupon_by_code(&self, code: &str) -> Option<&Coupon> {
        let key = crate::coupon::key_of(code);
        self.coupon.iter().find(|coupon| coupon.key() == key)
    }

    pub fn meter_by_id(&self, id: &Name) -> Option<&Meter> {
        self.meter.iter().find(|meter| meter.id == *id)
    }

    /// The product whose id may have been meant.
    pub fn product_near(&self, id: &str) -> Option<String> {
        nearest(id, self.product.iter().map(|product| product.id.as_str())).map(str::to_owned)
    }

    pub fn product_by_id(&self, id: &str) -> Option<&Product> {
        self.product.iter().find(|product| product.id.as_str() == id)
    }
}

impl Product {
    pub fn sku_by_id(&self, id: &str) -> Option<&Sku> {
        self.sku.iter().find(|sku| sku.id.as_str() == id)
    }

    /// The one that is chosen by these dimensions; more than it asks for may be given, and the one that asks for most
    /// answers. What is no longer offered is not chosen.
    pub fn sku_by_dims(&self, dims: &BTreeMap<String, Text>) -> Option<&Sku> {
        let asks = |sku: &&Sku| {
            !sku.retired && !sku.dims.is_empty() && sku.dims.iter().all(|(dim, value)| dims.get(dim) == Some(value))
        };
        self.sku.iter().filter(asks).max_by_key(|sku| sku.dims.len())
    }

    pub fn quota_by_id(&self, id: &Name) -> Option<&Quota> {
        self.quota.iter().find(|quota| quota.id == *id)
    }

    /// By its id, or where it has none by its meter.
    pub fn component_by_name(&self, name: &Name) -> Option<&Component> {
        self.component.iter().find(|component| component.label() == name)
    }
}

impl Component {
    /// What it is called within its product.
    pub fn label(&self) -> &Name {
        self.id.as_ref().unwrap_or(&self.meter)
    }
}
