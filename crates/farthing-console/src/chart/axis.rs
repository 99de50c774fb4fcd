//! The axes of a plot: whole steps from the lowest amount to the highest, and where days are named.

use crate::frame::PageError;
use crate::words::Language;
use crate::words::figure::Notation;
use farthing_core::time::CivilDate;

pub(super) const HEIGHT: u32 = 200;
/// Room above the highest gridline and below the lowest one, for their labels' halves.
const MARGIN: u32 = 10;
const GRIDLINES_MAX: i128 = 5;

#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) gridlines: Vec<Gridline>,
    scale: Scale,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gridline {
    pub(crate) y: u32,
    pub(crate) label: String,
    pub(crate) zero: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) x: String,
    pub(crate) label: String,
}

/// Which amount is drawn at which height: whole steps of 1, 2 or 5 times a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scale {
    step: i128,
    /// Gridlines below zero, and at zero and above.
    below: i128,
    above: i128,
}

impl Axis {
    /// One that holds zero and these.
    pub(super) fn over(lowest: i128, highest: i128, notation: &Notation) -> Result<Axis, PageError> {
        let scale = Scale::over(lowest.min(0), highest.max(0));
        let line = |place: i128| {
            let label = notation.full(place * scale.step)?.text;
            // Round labels need no cents; finer ones keep them.
            let label = label.strip_suffix(".00").map(str::to_owned).unwrap_or(label);
            Ok(Gridline { y: scale.y(place * scale.step), label, zero: place == 0 })
        };
        let gridlines = (-scale.below..=scale.above).rev().map(line).collect::<Result<_, PageError>>()?;
        Ok(Axis { gridlines, scale })
    }

    pub(super) fn y(&self, amount: i128) -> u32 {
        self.scale.y(amount)
    }
}

impl Scale {
    fn over(lowest: i128, highest: i128) -> Scale {
        let steps = (0..30).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i128.pow(power)));
        let lines = |amount: i128, step: i128| {
            i128::try_from(amount.unsigned_abs().div_ceil(step.unsigned_abs())).unwrap_or(i128::MAX)
        };
        let of = |step: i128| Scale {
            step,
            below: lines(lowest, step),
            above: lines(highest, step).max(i128::from(lowest == 0)),
        };
        let mut scales = steps.map(of);
        scales.find(|scale| scale.below + scale.above < GRIDLINES_MAX).unwrap_or(Scale { step: 1, below: 0, above: 1 })
    }

    fn y(&self, amount: i128) -> u32 {
        let span = (self.below + self.above) * self.step;
        let inner = i128::from(HEIGHT - 2 * MARGIN);
        let from_top = (self.above * self.step - amount) * inner / span.max(1);
        MARGIN + u32::try_from(from_top.clamp(0, inner)).unwrap_or(0)
    }
}

/// As a part of the width: "12.50%".
pub(super) fn percent(numerator: usize, denominator: usize) -> String {
    let hundredths = numerator * 10_000 / denominator.max(1);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// As many days as can be named without touching each other: firsts of months where there are several, else every so many days.
pub(super) fn ticks(days: &[CivilDate], language: Language) -> Vec<Tick> {
    let count = days.len();
    let firsts: Vec<usize> = (0..count).filter(|place| days[*place].day() == 1).collect();
    let by_month = firsts.len() > 2;
    let named: Vec<usize> = if by_month {
        firsts.iter().copied().step_by(firsts.len().div_ceil(6).max(1)).collect()
    } else {
        (0..count).step_by(count.div_ceil(5).max(1)).collect()
    };
    // One at the very edge would be cut off.
    let inside = |place: &usize| (3..=95).contains(&((place * 200 + 100) / (2 * count)));
    let label = |date: CivilDate| match (by_month, language) {
        (true, Language::En) if date.month() == 1 => format!("Jan {}", date.year()),
        (true, Language::En) => crate::words::moment::month_text(date).to_owned(),
        (true, Language::Zh) => format!("{}月", date.month()),
        (false, _) => language.day_and_month(date),
    };
    let named = named.into_iter().filter(inside);
    named.map(|place| Tick { x: percent(2 * place + 1, 2 * count), label: label(days[place]) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::money::{Currency, Locale};

    #[test]
    fn an_axis_holds_zero_and_has_five_lines_at_most() {
        let usd = Notation::Money { currency: Currency::USD, locale: Locale::En };
        for (lowest, highest) in [(0, 0), (0, 7_300_000_000), (-250_000_000, 990_000_000), (-1, 0), (5, 5)] {
            let axis = Axis::over(lowest, highest, &usd).unwrap();
            assert!(axis.gridlines.len() <= 5 && axis.gridlines.iter().filter(|line| line.zero).count() == 1);
            assert!(axis.y(highest) <= axis.y(lowest));
        }
        let axis = Axis::over(0, 7_300_000_000, &usd).unwrap();
        let labels: Vec<&str> = axis.gridlines.iter().map(|line| line.label.as_str()).collect();
        assert_eq!(labels, ["$80", "$60", "$40", "$20", "$0"]);
    }

    #[test]
    fn a_month_names_some_days_and_a_year_its_months() {
        let days = |from: &str, count: i64| -> Vec<CivilDate> {
            let from = CivilDate::parse(from).unwrap();
            (0..count).map(|day| from.add_days(day).unwrap()).collect()
        };
        let told =
            |days: &[CivilDate]| ticks(days, Language::En).into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(told(&days("2026-11-02", 28)), ["8 Nov", "14 Nov", "20 Nov", "26 Nov"]);
        assert_eq!(told(&days("2026-08-20", 100)), ["Sep", "Oct", "Nov"]);
        assert!(ticks(&days("2026-11-02", 1), Language::Zh).len() == 1);
    }
}
