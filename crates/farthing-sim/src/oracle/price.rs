//! What things cost, as a catalogue would say it, and the catalogue's text.

use super::fraction::Fraction;
use std::fmt::Write;

/// Units of money in a dollar.
pub const DOLLAR: i64 = 100_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    Hour,
    /// The seconds of the civil month it is.
    Month,
    /// Each of what is counted, whatever the time.
    Each,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    Unit(i64),
    Graduated(Vec<Tier>),
    Volume(Vec<Tier>),
    /// So much for each so many begun.
    Package {
        price: i64,
        size: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// None: the last.
    pub upto: Option<i64>,
    pub price: i64,
    pub flat: i64,
}

/// Amounts in units of money, quantities in whole ones of what is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub per: Per,
    pub model: Model,
    pub discount_percent: i64,
    /// Of what is used in a rating period; not of a size.
    pub free: Option<i64>,
    pub cap: Option<i64>,
    pub minimum: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Sum,
    Count,
    Max,
    Latest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Running,
    /// A size, and so much of it free at every second.
    Capacity {
        free: Option<(i64, Whose)>,
    },
    Usage(Aggregate),
}

/// Who has a free size once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Resource,
    Account,
    Project,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Hours(i64),
    Month,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    Minutes(i64),
    Day,
    Cycle,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub kind: Kind,
    /// It keeps the price of its start.
    pub fixed: bool,
    /// Hundredths of the price while stopped.
    pub stopped_percent: i64,
    pub round_up_seconds: i64,
    pub min_seconds: i64,
    pub period: Length,
    pub prorate: bool,
    pub postpaid: bool,
    pub settle: Option<Settle>,
    /// By SKU; of what is no running thing only the first.
    pub prices: Vec<Price>,
}

impl Price {
    /// What is used before in a rating period matters to it.
    pub fn has_memory(&self) -> bool {
        !matches!(self.model, Model::Unit(_)) || self.free.is_some() || self.cap.is_some() || self.minimum.is_some()
    }

    /// Before the cap: model(total), less the discount, rounded once.
    pub fn amount(&self, total: Fraction) -> i64 {
        let free = Fraction::whole(self.free.unwrap_or(0));
        let paid = (total - free).max(Fraction::ZERO);
        let left = Fraction::new(i128::from(100 - self.discount_percent), 100);
        (self.model.cost(paid) * left).round_half_even()
    }

    /// What one of what is counted costs in net.
    pub fn plain(&self) -> Fraction {
        let Model::Unit(price) = self.model else { panic!("asked of plain prices only") };
        Fraction::whole(price) * Fraction::new(i128::from(100 - self.discount_percent), 100)
    }
}

impl Model {
    fn cost(&self, total: Fraction) -> Fraction {
        if total.is_zero() {
            return Fraction::ZERO;
        }
        match self {
            Model::Unit(price) => Fraction::whole(*price) * total,
            Model::Package { price, size } => {
                let begun = (total * Fraction::new(1, i128::from(*size))).ceiling();
                Fraction::whole(*price) * Fraction::new(begun, 1)
            }
            Model::Volume(tiers) => {
                let holds = |tier: &&Tier| tier.upto.is_none_or(|upto| !total.is_above(Fraction::whole(upto)));
                let tier = tiers.iter().find(holds).expect("the last tier has no end");
                Fraction::whole(tier.price) * total + Fraction::whole(tier.flat)
            }
            Model::Graduated(tiers) => {
                let (mut sum, mut lower) = (Fraction::ZERO, Fraction::ZERO);
                for tier in tiers {
                    if !total.is_above(lower) {
                        break;
                    }
                    let upper = tier.upto.map(Fraction::whole).filter(|upto| total.is_above(*upto)).unwrap_or(total);
                    sum = sum + Fraction::whole(tier.price) * (upper - lower) + Fraction::whole(tier.flat);
                    lower = upper;
                }
                sum
            }
        }
    }
}

impl Product {
    pub fn price(&self, sku: usize) -> &Price {
        self.prices.get(sku).unwrap_or(&self.prices[0])
    }

    pub fn shared(&self) -> Option<(i64, Whose)> {
        match self.kind {
            Kind::Capacity { free: Some((size, whose)) } if whose != Whose::Resource => Some((size, whose)),
            _ => None,
        }
    }

    pub fn is_by_sku(&self) -> bool {
        self.kind == Kind::Running
    }

    /// How long a session counts beyond its own seconds.
    pub fn missing_seconds(&self, session: i64) -> i64 {
        if session == 0 {
            return 0;
        }
        let steps = (session + self.round_up_seconds - 1) / self.round_up_seconds;
        (steps * self.round_up_seconds).max(self.min_seconds) - session
    }
}

// --- As text

pub fn product_id(number: usize) -> String {
    format!("product-{number}")
}

pub fn meter_id(number: usize) -> String {
    format!("meter-{number}")
}

pub fn sku_id(number: usize) -> String {
    format!("sku-{number}")
}

pub fn catalog_text(products: &[Product]) -> String {
    let mut text = String::new();
    for (number, product) in products.iter().enumerate() {
        product.write(number, &mut text).expect("a text grows");
    }
    text
}

impl Product {
    fn write(&self, number: usize, text: &mut String) -> std::fmt::Result {
        let id = product_id(number);
        let kind = match self.kind {
            Kind::Running => "running",
            Kind::Capacity { .. } => "capacity",
            Kind::Usage(_) => "usage",
        };
        writeln!(text, "[[product]]\nid = \"{id}\"\nname = \"{id}\"\nkind = \"{kind}\"")?;
        match self.period {
            Length::Hours(hours) => writeln!(text, "period = \"{hours}h\"")?,
            Length::Month => writeln!(text, "period = \"1 month\"")?,
        }
        if self.postpaid {
            writeln!(text, "pay = \"postpaid\"")?;
        }
        if let Some(settle) = self.settle {
            writeln!(text, "settle = \"{}\"", settle.text())?;
        }
        if self.prices.iter().any(|price| price.minimum.is_some()) {
            writeln!(text, "prorate = {}", self.prorate)?;
        }
        if !matches!(self.kind, Kind::Usage(_)) {
            writeln!(text, "at = \"{}\"", if self.fixed { "start" } else { "live" })?;
            let (whole, rest) = (self.stopped_percent / 100, self.stopped_percent % 100);
            writeln!(text, "states = {{ running = 1, stopped = {whole}.{rest:02} }}")?;
        }
        if self.round_up_seconds != 1 {
            writeln!(text, "round_up = \"{}s\"", self.round_up_seconds)?;
        }
        if self.min_seconds != 0 {
            writeln!(text, "min_duration = \"{}s\"", self.min_seconds)?;
        }
        let (unit, aggregate) = match self.kind {
            Kind::Running => ("", None),
            Kind::Capacity { free } => {
                if let Some((size, whose)) = free {
                    let whose = match whose {
                        Whose::Resource => "resource",
                        Whose::Account => "account",
                        Whose::Project => "project",
                    };
                    writeln!(text, "free = {{ size = \"{size} GB\", per = \"{whose}\" }}")?;
                }
                ("GB", Some("time_weighted"))
            }
            Kind::Usage(aggregate) => ("call", Some(aggregate.text())),
        };
        if aggregate.is_some() {
            writeln!(text, "meter = \"{}\"", meter_id(number))?;
        }
        if self.is_by_sku() {
            for (sku, price) in self.prices.iter().enumerate() {
                writeln!(text, "[[product.sku]]\nid = \"{}\"", sku_id(sku))?;
                price.write(unit, text)?;
            }
        } else {
            self.prices[0].write(unit, text)?;
        }
        if let Some(aggregate) = aggregate {
            writeln!(text, "[[meter]]\nid = \"{}\"\nunit = \"{unit}\"\naggregate = \"{aggregate}\"", meter_id(number))?;
        }
        Ok(())
    }
}

impl Aggregate {
    fn text(self) -> &'static str {
        match self {
            Aggregate::Sum => "sum",
            Aggregate::Count => "count",
            Aggregate::Max => "max",
            Aggregate::Latest => "latest",
        }
    }
}

impl Settle {
    pub fn text(self) -> String {
        match self {
            Settle::Minutes(minutes) => format!("{minutes}m"),
            Settle::Day => "day".to_owned(),
            Settle::Cycle => "cycle".to_owned(),
        }
    }
}

impl Price {
    fn write(&self, unit: &str, text: &mut String) -> std::fmt::Result {
        let time = match self.per {
            Per::Hour => "hour",
            Per::Month => "month",
            Per::Each => "",
        };
        let per = [unit, time].iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join("-");
        match &self.model {
            Model::Unit(price) => writeln!(text, "price = \"{} / {per}\"", money(*price))?,
            Model::Package { price, size } => {
                writeln!(text, "mode = \"package\"\nprice = \"{} / {size} {per}\"", money(*price))?;
            }
            Model::Graduated(tiers) | Model::Volume(tiers) => {
                let mode = if matches!(self.model, Model::Volume(_)) { "volume" } else { "graduated" };
                writeln!(text, "mode = \"{mode}\"")?;
                let line = |tier: &Tier| {
                    let upto = tier.upto.map_or(String::new(), |upto| format!("upto = \"{upto}\", "));
                    let flat =
                        if tier.flat == 0 { String::new() } else { format!(", flat = \"{}\"", money(tier.flat)) };
                    format!("{{ {upto}price = \"{} / {per}\"{flat} }}", money(tier.price))
                };
                writeln!(text, "tiers = [{}]", tiers.iter().map(line).collect::<Vec<_>>().join(", "))?;
            }
        }
        if self.discount_percent != 0 {
            writeln!(text, "discount = \"{}%\"", self.discount_percent)?;
        }
        if let Some(free) = self.free {
            let whose = if self.per == Per::Each { "account" } else { "resource" };
            writeln!(text, "free = {{ size = \"{free}\", per = \"{whose}\" }}")?;
        }
        if let Some(cap) = self.cap {
            writeln!(text, "monthly_cap = \"{}\"", money(cap))?;
        }
        if let Some(minimum) = self.minimum {
            writeln!(text, "minimum = \"{}\"", money(minimum))?;
        }
        Ok(())
    }
}

/// An amount as people write it.
fn money(units: i64) -> String {
    format!("{}.{:08}", units / DOLLAR, units % DOLLAR)
}
