//! What a product, a SKU, a component or a contract says about its price, and the tariff that comes of it.

use crate::config::{Cap, Count, Item, Node, Reader, Size, Text, Value, Whole, choice, section};
use crate::measure::{PriceTag, Quantity, Unit, UnitPrice};
use crate::money::{Money, Rounding};
use crate::rate::{Factor, Percent};
use crate::time::TimeOfDay;
use std::collections::BTreeMap;

section! {
    /// The keys of a price. What a SKU or a contract says replaces what its product says: the price itself as a whole, the
    /// rest key by key.
    Pricing {
        /// "AMOUNT / UNIT": "0.042 / hour", "0.15 / 1M tokens", "15 / 10 calls" (a package of 10)
        price: Option<PriceTag> = "none" @ Catalogue,
        /// How a quantity becomes money
        mode: Mode = "unit" @ Catalogue,
        /// For `graduated`, `volume` and `graduated_percentage`
        tiers: Vec<TierLine> = "[]" @ Catalogue,
        /// Other prices where the event or the resource has these properties; `price` is for all others
        prices: Vec<WhenLine> = "[]" @ Catalogue,
        /// Other prices at these hours, in the account's zone; `price` is for all others
        hours: Vec<HoursLine> = "[]" @ Catalogue,
        /// With mode = "percentage": of the amounts that the events carry
        percent: Option<Percent> = "none" @ Catalogue,
        /// With mode = "percentage": on top for each event that is not free
        fixed: Option<Money> = "none" @ Catalogue,
        /// With mode = "percentage": the first so many events of a period
        free_events: Count = "0" @ Catalogue,
        /// With mode = "percentage": the first so much of a period
        free_amount: Option<Money> = "none" @ Catalogue,
        /// With mode = "dynamic": the event carries the price, and is multiplied by this
        factor: Option<Factor> = "none" @ Catalogue,
        /// What one event costs at least
        each_min: Option<Money> = "none" @ Catalogue,
        /// What one event costs at most
        each_max: Option<Money> = "none" @ Catalogue,
        /// Units bought ahead are taken first: "1 gpu-unit / hour" (R8)
        units: Option<UnitPrice> = "none" @ Orders,
        /// Costs nothing: "20 GB", or { size = "20 GB", per = "account" } (R70, R71, R89)
        free: Option<Free> = "none" @ Catalogue,
        /// What is counted becomes what is sold: { per = "1000", round = "up", unit = "thousand-calls" }
        convert: Option<ConvertLine> = "none" @ Catalogue,
        /// Off the list price (R44)
        discount: Percent = "0" @ Catalogue,
        /// The most in one rating period: an amount, or so many hours at the price
        monthly_cap: Option<Cap> = "none" @ Catalogue,
        /// The least in one rating period
        minimum: Option<Money> = "none" @ Catalogue,
    }
}

choice! {
    /// How a quantity becomes money.
    Mode: "a price model" {
        Unit = "unit",
        Graduated = "graduated",
        Volume = "volume",
        Package = "package",
        Percentage = "percentage",
        GraduatedPercentage = "graduated_percentage",
        Dynamic = "dynamic",
    }
}

section! {
    /// One tier, up to and with its bound.
    TierLine {
        /// None for the last
        upto: Option<Quantity> = "none" @ Catalogue,
        /// For each
        price: Option<PriceTag> = "none" @ Catalogue,
        /// Once, when the tier is entered
        flat: Option<Money> = "none" @ Catalogue,
        /// With `graduated_percentage`: of what lies in it
        percent: Option<Percent> = "none" @ Catalogue,
    }
}

section! {
    /// A price for some values of properties: one row of a matrix.
    WhenLine [when] {
        /// { region = "eu", model = "large" }
        when: BTreeMap<String, Text> = required @ Catalogue,
        /// For those
        price: PriceTag = required @ Catalogue,
    }
}

section! {
    /// A price for some hours of some days.
    HoursLine {
        /// "mon-fri", "sat-sun"; every day when not said
        days: Option<crate::time::WorkingWeek> = "none" @ Catalogue,
        /// From this time of day
        from: TimeOfDay = "00:00" @ Catalogue,
        /// Until this one; the next day's where it is not later
        to: TimeOfDay = "00:00" @ Catalogue,
        /// At those
        price: PriceTag = required @ Catalogue,
    }
}

section! {
    /// How what is counted becomes what is sold.
    ConvertLine {
        /// So many of what is counted make one
        per: Quantity = required @ Catalogue,
        /// To whole ones; "none" leaves fractions
        round: RoundTo = "none" @ Catalogue,
        /// What one is called
        unit: Unit = required @ Catalogue,
    }
}

choice! {
    /// How a converted quantity is made whole.
    RoundTo: "a rounding" {
        Exact = "none",
        Up = "up",
        Down = "down",
        Nearest = "nearest",
    }
}

impl RoundTo {
    pub fn rounding(self) -> Option<Rounding> {
        match self {
            RoundTo::Exact => None,
            RoundTo::Up => Some(Rounding::Up),
            RoundTo::Down => Some(Rounding::Down),
            RoundTo::Nearest => Some(Rounding::HalfUp),
        }
    }
}

/// What costs nothing, and for whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Free {
    pub size: Size,
    pub per: Scope,
}

choice! {
    /// Who has a free part once.
    Scope: "a scope" {
        Account = "account",
        Project = "project",
        User = "user",
        Resource = "resource",
    }
}

section! {
    /// The long form of `free`.
    FreeLine {
        /// How much
        size: Size = required @ Catalogue,
        /// Who has it once
        per: Scope = "account" @ Catalogue,
    }
}

impl Value for Free {
    const KIND: Whole = Whole { one: "a free size", example: "{ size = \"20 GB\", per = \"account\" }" };

    fn read(item: &Item, reader: &mut Reader<'_>) -> Option<Free> {
        match &item.node {
            Node::Table(_) => FreeLine::read(item, reader).map(|line| Free { size: line.size, per: line.per }),
            _ => Size::read(item, reader).map(|size| Free { size, per: Scope::Account }),
        }
    }

    fn print(&self) -> String {
        format!("{{ size = {}, per = {} }}", self.size.print(), self.per.print())
    }
}

/// The keys that are one decision: whoever says one of them says the price anew.
const PRICE_KEYS: [&str; 10] =
    ["price", "mode", "tiers", "prices", "hours", "percent", "fixed", "free_events", "free_amount", "factor"];

impl Pricing {
    /// It says how a quantity becomes money.
    pub fn has_price(&self) -> bool {
        PRICE_KEYS.iter().any(|key| self.places.has(key))
    }

    /// It says nothing about money at all.
    pub fn is_silent(&self) -> bool {
        !Pricing::known().iter().any(|key| self.places.has(key))
    }

    /// The first line of `prices` whose properties are all there, else the price for the rest.
    pub fn price_when(&self, properties: &BTreeMap<String, Text>) -> Option<&PriceTag> {
        let matches = |line: &&WhenLine| line.when.iter().all(|(key, value)| properties.get(key) == Some(value));
        self.prices.iter().find(matches).map(|line| &line.price).or(self.price.as_ref())
    }

    /// What a total costs depends on what was used before it in its rating period.
    pub fn has_memory(&self) -> bool {
        self.mode != Mode::Unit || self.monthly_cap.is_some() || self.minimum.is_some()
    }

    /// This one's words, and where it is silent those of `base`.
    #[must_use]
    pub fn over(&self, base: &Pricing) -> Pricing {
        let own = self.has_price();
        let said = |key: &str| self.places.has(key);
        let priced = if own { self } else { base };
        let from = |key: &str| if said(key) { self } else { base };
        Pricing {
            places: crate::config::Places {
                whole: self.places.whole.clone(),
                keys: self
                    .places
                    .keys
                    .iter()
                    .chain(base.places.keys.iter().filter(|(key, _)| !own || !PRICE_KEYS.contains(&key.as_str())))
                    .cloned()
                    .collect(),
            },
            price: priced.price.clone(),
            mode: priced.mode,
            tiers: priced.tiers.clone(),
            prices: priced.prices.clone(),
            hours: priced.hours.clone(),
            percent: priced.percent,
            fixed: priced.fixed,
            free_events: priced.free_events,
            free_amount: priced.free_amount,
            factor: priced.factor,
            each_min: from("each_min").each_min,
            each_max: from("each_max").each_max,
            units: from("units").units.clone(),
            free: from("free").free.clone(),
            convert: from("convert").convert.clone(),
            discount: from("discount").discount,
            monthly_cap: from("monthly_cap").monthly_cap,
            minimum: from("minimum").minimum,
        }
    }
}

crate::config::worded!(
    Factor,
    "a factor",
    "\"1.25\"",
    |text, _reader| Factor::parse(&text).map_err(crate::config::said),
    |value| value
);
