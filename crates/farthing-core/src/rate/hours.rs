//! Prices by the hour of the day and the day of the week: cheap nights, dear weekdays.

use crate::measure::PriceTag;
use crate::time::{TimeOfDay, Weekday, Zone};

/// The first band that holds at an instant has the price; `otherwise` has the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    pub zone: Zone,
    pub bands: Vec<Band>,
    pub otherwise: PriceTag,
}

/// From `from` to `to` on each of the days it begins on. Where `to` is not after `from` it ends on the day after: from 22:00
/// to 06:00, and from 00:00 to 00:00 the whole day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    pub days: Vec<Weekday>,
    pub from: TimeOfDay,
    pub to: TimeOfDay,
    pub price: PriceTag,
}
