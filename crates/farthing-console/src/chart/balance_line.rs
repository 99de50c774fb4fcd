//! A balance over time as an inline SVG: one step a day, an axis that holds zero, at most five gridlines.
//!
//! Owns geometry only; what the days' balances are is `customer.rs`. The plot is drawn in percent of its width, so that it
//! fills any page without its text being stretched; hovering a day shows its exact balance.

use super::DayEnd;
use crate::frame::PageError;
use crate::words::figure::Notation;
use crate::words::moment::{date_text, month_text};
use farthing_core::time::CivilDate;
use std::fmt::Write as _;

pub(crate) const HEIGHT: u32 = 200;
/// Room above the highest gridline and below the lowest one, for their labels' halves.
const MARGIN: u32 = 10;
const PLOT_WIDTH: usize = 1_000;
const GRIDLINES_MAX: i128 = 5;

#[derive(Clone, Debug)]
pub(crate) struct BalanceLine {
    pub(crate) description: String,
    pub(crate) gridlines: Vec<Gridline>,
    pub(crate) months: Vec<Tick>,
    /// Paths in a plot of 1,000 by `HEIGHT`: the line, and what lies between it and zero, above and below.
    pub(crate) line: String,
    pub(crate) above: String,
    pub(crate) below: String,
    pub(crate) days: Vec<Day>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gridline {
    pub(crate) y: u32,
    pub(crate) label: String,
    pub(crate) zero: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) x_percent: String,
    pub(crate) label: String,
}

/// A day's stripe of the plot, for the pointer.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) x_percent: String,
    pub(crate) width_percent: String,
    pub(crate) title: String,
}

/// None where there are not two days to connect.
pub(crate) fn balance_line(days: &[DayEnd], notation: &Notation) -> Result<Option<BalanceLine>, PageError> {
    let ([first, .., last], true) = (days, days.len() >= 2) else { return Ok(None) };
    let lowest = days.iter().map(|day| day.balance).min().unwrap_or(0).min(0);
    let highest = days.iter().map(|day| day.balance).max().unwrap_or(0).max(0);
    let scale = Scale::over(lowest, highest);
    let description = format!(
        "From {} to {} the balance was between {} and {}; it is {} now.",
        date_text(first.date),
        date_text(last.date),
        notation.full(days.iter().map(|day| day.balance).min().unwrap_or(0))?.text,
        notation.full(days.iter().map(|day| day.balance).max().unwrap_or(0))?.text,
        notation.full(last.balance)?.text
    );
    let count = days.len();
    let hover = |(place, day): (usize, &DayEnd)| {
        let title = format!("{}: {}", date_text(day.date), notation.full(day.balance)?.text);
        Ok(Day { x_percent: percent(place, count), width_percent: percent(1, count), title })
    };
    Ok(Some(BalanceLine {
        description,
        gridlines: scale.gridlines(notation)?,
        months: months(days),
        line: line(days, &scale),
        above: area(days, &scale, |balance| balance.max(0)),
        below: area(days, &scale, |balance| balance.min(0)),
        days: days.iter().enumerate().map(hover).collect::<Result<_, PageError>>()?,
    }))
}

/// Which balance is drawn at which height: whole steps of 1, 2 or 5 times a power of ten.
#[derive(Debug, PartialEq, Eq)]
struct Scale {
    step: i128,
    /// Gridlines below zero, and at zero and above.
    below: i128,
    above: i128,
}

impl Scale {
    fn over(lowest: i128, highest: i128) -> Scale {
        let steps = (0..30).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i128.pow(power)));
        let of = |step: i128| Scale {
            step,
            below: lowest.unsigned_abs().div_ceil(step.unsigned_abs()).try_into().unwrap_or(0),
            above: highest
                .unsigned_abs()
                .div_ceil(step.unsigned_abs())
                .max(u128::from(lowest == 0))
                .try_into()
                .unwrap_or(1),
        };
        let mut scales = steps.map(of);
        scales.find(|scale| scale.below + scale.above < GRIDLINES_MAX).unwrap_or(Scale { step: 1, below: 0, above: 1 })
    }

    fn y(&self, balance: i128) -> u32 {
        let span = (self.below + self.above) * self.step;
        let inner = i128::from(HEIGHT - 2 * MARGIN);
        let from_top = (self.above * self.step - balance) * inner / span.max(1);
        MARGIN + u32::try_from(from_top.clamp(0, inner)).unwrap_or(0)
    }

    fn gridlines(&self, notation: &Notation) -> Result<Vec<Gridline>, PageError> {
        let line = |place: i128| {
            let label = notation.full(place * self.step)?.text;
            // Round labels need no cents; finer ones keep them.
            let label = label.strip_suffix(".00").map(str::to_owned).unwrap_or(label);
            Ok(Gridline { y: self.y(place * self.step), label, zero: place == 0 })
        };
        (-self.below..=self.above).rev().map(line).collect()
    }
}

fn x(place: usize, count: usize) -> usize {
    place * PLOT_WIDTH / count
}

fn line(days: &[DayEnd], scale: &Scale) -> String {
    let mut path = String::new();
    for (place, day) in days.iter().enumerate() {
        let (from, to, y) = (x(place, days.len()), x(place + 1, days.len()), scale.y(day.balance));
        let _ = if place == 0 { write!(path, "M{from} {y}H{to}") } else { write!(path, "V{y}H{to}") };
    }
    path
}

fn area(days: &[DayEnd], scale: &Scale, clipped: impl Fn(i128) -> i128) -> String {
    let zero = scale.y(0);
    let mut path = format!("M0 {zero}");
    for (place, day) in days.iter().enumerate() {
        let _ = write!(path, "V{}H{}", scale.y(clipped(day.balance)), x(place + 1, days.len()));
    }
    let _ = write!(path, "V{zero}Z");
    path
}

/// The first days of months, as many as fit: every one, or every second, third, …
fn months(days: &[DayEnd]) -> Vec<Tick> {
    let firsts: Vec<(usize, CivilDate)> =
        days.iter().enumerate().filter(|(_, day)| day.date.day() == 1).map(|(place, day)| (place, day.date)).collect();
    let every = firsts.len().div_ceil(6).max(1);
    // One at the very edge would be cut off.
    let inside = |place: usize| (3..=93).contains(&(place * 100 / days.len()));
    let shown = firsts.into_iter().step_by(every).filter(|(place, _)| inside(*place));
    shown
        .map(|(place, date)| {
            let year = if date.month() == 1 { format!(" {}", date.year()) } else { String::new() };
            Tick { x_percent: percent(place, days.len()), label: format!("{}{year}", month_text(date)) }
        })
        .collect()
}

/// In hundredths of a percent, without floats: `12.34%`.
fn percent(place: usize, count: usize) -> String {
    let hundredths = place * 10_000 / count.max(1);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::money::{Currency, Locale};

    const USD: Notation = Notation::Money { currency: Currency::USD, locale: Locale::En };
    const DOLLAR: i128 = 100_000_000;

    fn of(balances: &[i128]) -> Option<BalanceLine> {
        let first = CivilDate::try_new(2026, 5, 30).unwrap();
        let day = |(n, balance): (i64, &i128)| DayEnd { date: first.add_days(n).unwrap(), balance: balance * DOLLAR };
        let days: Vec<DayEnd> = (0..).zip(balances).map(day).collect();
        balance_line(&days, &USD).unwrap()
    }

    #[test]
    fn the_axis_holds_zero_and_has_at_most_five_gridlines() {
        let check = |balances: &[i128], labels: &[&str]| {
            let line = of(balances).unwrap();
            let shown: Vec<&str> = line.gridlines.iter().map(|gridline| gridline.label.as_str()).collect();
            assert_eq!(shown, labels, "{balances:?}");
            assert_eq!(line.gridlines.iter().filter(|gridline| gridline.zero).count(), 1);
        };
        check(&[0, 180], &["$200", "$150", "$100", "$50", "$0"]);
        check(&[170, 41], &["$200", "$150", "$100", "$50", "$0"]);
        check(&[30, -12], &["$40", "$20", "$0", "−$20"]);
        check(&[-3, -1], &["$0", "−$1", "−$2", "−$3"]);
        check(&[4, 4], &["$4", "$3", "$2", "$1", "$0"]);
        assert_eq!(of(&[0, 0]).unwrap().gridlines.len(), 2);
    }

    #[test]
    fn the_line_steps_from_day_to_day() {
        let line = of(&[0, 10, -10, 5]).unwrap();
        // 4 steps of 5 between -10 and 10 over 180 pixels: 10 is at 10, 0 at 100, 5 at 55, -10 at 190.
        assert_eq!(line.line, "M0 100H250V10H500V190H750V55H1000");
        assert_eq!(line.above, "M0 100V100H250V10H500V100H750V55H1000V100Z");
        assert_eq!(line.below, "M0 100V100H250V100H500V190H750V100H1000V100Z");
        assert_eq!(
            line.description,
            "From 30 May 2026 to 2 Jun 2026 the balance was between −$10.00 and $10.00; it is $5.00 now."
        );
        assert_eq!(line.days[1].title, "31 May 2026: $10.00");
        assert_eq!(line.months[0].label, "Jun");
        assert!(of(&[1]).is_none());
    }
}
