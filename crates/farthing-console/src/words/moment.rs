//! Instants as a reader of one zone sees them: a date, a time, and the exact instant beside them.

use crate::frame::PageError;
use farthing_core::time::{CivilDate, Instant, Zone};

/// `14 Jun 2026`, `09:41`, `2026-06-14T01:41:07.123456Z`.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) date: String,
    pub(crate) time: String,
    pub(crate) exact: String,
}

impl Moment {
    pub(crate) fn of(instant: Instant, zone: &Zone) -> Result<Moment, PageError> {
        let (date, time) = zone.wall_at(instant)?;
        let minute = time.second_of_day() / 60;
        let time = format!("{:02}:{:02}", minute / 60, minute % 60);
        Ok(Moment { date: date_text(date), time, exact: instant.to_string() })
    }
}

pub(crate) fn date_text(date: CivilDate) -> String {
    format!("{} {} {}", date.day(), month_text(date), date.year())
}

pub(crate) fn month_text(date: CivilDate) -> &'static str {
    date.month_name().get(..3).unwrap_or_default()
}
