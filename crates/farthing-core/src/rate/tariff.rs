//! A price as the catalogue says it: one currency, one unit, one model, and the limits around it. Plain data.
//!
//! Nothing is checked here: `Tariff::formula` checks everything at once, when a price is compiled, and says what is wrong.

use super::{Factor, Percent};
use crate::measure::{DataStep, PriceTag, Quantity, Unit};
use crate::money::{Currency, Money, Rounding};

/// Everything that turns a quantity of one rating period into money.
///
/// Where the prices have a time in them (`0.10 / GB-month`), the quantity given is millionths of the unit times seconds, and
/// the quantity that `free`, tiers and packages speak of is that divided by the seconds of the time: GB-months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    pub currency: Currency,
    /// What the meter counts in; none where the thing sold says what one of it is.
    pub unit: Option<Unit>,
    pub step: DataStep,
    pub convert: Option<Conversion>,
    /// Costs nothing in each rating period, in the unit after conversion.
    pub free: Quantity,
    pub model: Model,
    pub discount: Percent,
    pub each: Each,
    /// The most that one rating period costs.
    pub cap: Option<Money>,
    /// The least that one rating period costs, posted when it closes.
    pub minimum: Option<Money>,
}

/// How a quantity becomes money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// The same for each.
    Unit(PriceTag),
    /// Each tier prices what lies within it.
    Graduated(Vec<Tier>),
    /// The tier that the whole falls into prices all of it.
    Volume(Vec<Tier>),
    /// So much for each package begun; its size is the tag's count.
    Package(PriceTag),
    /// Of the amounts that the events carry, in major units of the currency.
    Percentage {
        percent: Percent,
        /// On top for each event that is not free.
        fixed: Option<Money>,
        /// The first so many events of a period cost nothing.
        free_events: u64,
        /// Of the amounts, the first so much of a period. With `free_events` too: free while both last.
        free_amount: Option<Money>,
    },
    GraduatedPercentage(Vec<PercentTier>),
    /// The events carry the price, in major units of the currency; it is multiplied by this.
    Dynamic {
        factor: Factor,
    },
}

/// One tier, up to and including its bound on a continuous quantity: exactly at the bound belongs here, and whatever is
/// above it, by a millionth, to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// None only for the last.
    pub upto: Option<Quantity>,
    /// None: nothing for each.
    pub price: Option<PriceTag>,
    /// Charged once, when the tier is entered: 0 units enter none.
    pub flat: Option<Money>,
}

/// As [`Tier`], of amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PercentTier {
    pub upto: Option<Quantity>,
    pub percent: Percent,
    pub flat: Option<Money>,
}

/// What is counted becomes what is sold: 1,000 calls are one thousand-calls, a started one counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// How many of the counted unit one of the new unit is.
    pub per: Quantity,
    /// To a whole number of the new unit; none: exactly as it is.
    pub round: Option<Rounding>,
    pub unit: Unit,
}

/// What one event costs at least and at most, after the discount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Each {
    pub min: Option<Money>,
    pub max: Option<Money>,
}

impl Tariff {
    /// Nothing but a model: no conversion, nothing free, no discount and no limits.
    pub fn plain(currency: Currency, unit: Option<Unit>, model: Model) -> Tariff {
        Tariff {
            currency,
            unit,
            step: DataStep::Binary,
            convert: None,
            free: Quantity::ZERO,
            model,
            discount: Percent::ZERO,
            each: Each::NONE,
            cap: None,
            minimum: None,
        }
    }

    /// The unit that prices, tiers and the free part speak of.
    pub fn priced_unit(&self) -> Option<&Unit> {
        self.convert.as_ref().map(|convert| &convert.unit).or(self.unit.as_ref())
    }
}

impl Each {
    pub const NONE: Each = Each { min: None, max: None };

    pub const fn is_none(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}
