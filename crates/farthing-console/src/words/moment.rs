//! Dates as a reader of English sees them in a column.

use farthing_core::time::CivilDate;

pub(crate) fn date_text(date: CivilDate) -> String {
    format!("{} {} {}", date.day(), month_text(date), date.year())
}

pub(crate) fn month_text(date: CivilDate) -> &'static str {
    date.month_name().get(..3).unwrap_or_default()
}
