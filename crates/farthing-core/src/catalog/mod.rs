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
    Addon, AtZero, Charged, Component, Contract, Coupon, Kind, OnDelete, OnPurge, OnSuspend, Pack, PriceAt, Product,
    Proration, Provision, Quota, Sku,
};

use crate::config::{Item, Key, Name, Reader, Remark, Source, section};
use crate::policy::{Policy, keys_of};

section! {
    /// The whole of `catalog.toml`.
    Catalog {
        /// What counts
        meter: Vec<Meter> = "[]" @ Catalogue,
        /// What is sold
        product: Vec<Product> = "[]" @ Catalogue,
        /// What single customers were promised
        contract: Vec<Contract> = "[]" @ Catalogue,
        /// What people can type to pay less
        coupon: Vec<Coupon> = "[]" @ Orders,
    }
}

impl Catalog {
    /// Reads `catalog.toml` of a cloud with this policy. Whatever is wrong is in the remarks.
    pub fn read(source: &Source, policy: &Policy) -> (Option<Catalog>, Vec<Remark>) {
        let mut remarks = Vec::new();
        let table = Item::read_file(source, &mut remarks);
        // What else such a file lacks, it may lack because of this.
        if !remarks.is_empty() {
            return (None, remarks);
        }
        let mut reader = Reader::new(source, policy.cloud.currency);
        reader.tell_unknown(&table, &Catalog::known());
        let catalog = Catalog::read_table(&table, 0..0, &mut reader);
        if let Some(catalog) = &catalog {
            check::check(catalog, policy, &mut reader);
        }
        (catalog, reader.remarks)
    }

    /// Every key of `catalog.toml`, in the order of the sections.
    pub fn all_keys() -> Vec<Key> {
        keys_of::<Catalog>()
    }

    pub fn meter_by_id(&self, id: &Name) -> Option<&Meter> {
        self.meter.iter().find(|meter| meter.id == *id)
    }

    pub fn product_by_id(&self, id: &str) -> Option<&Product> {
        self.product.iter().find(|product| product.id.as_str() == id)
    }
}

impl Product {
    pub fn sku_by_id(&self, id: &str) -> Option<&Sku> {
        self.sku.iter().find(|sku| sku.id.as_str() == id)
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
