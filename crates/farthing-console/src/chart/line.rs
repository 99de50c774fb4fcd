//! A balance over time: one step a day, and dashed from now to where it will have run out.

use super::axis::{Axis, HEIGHT, Tick, percent, ticks};
use crate::frame::PageError;
use crate::words::Language;
use crate::words::figure::Notation;
use farthing_core::time::CivilDate;
use std::fmt::Write as _;

/// The balance when a day ended (or now).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DayEnd {
    pub(crate) date: CivilDate,
    pub(crate) balance: i128,
}

const PLOT_WIDTH: usize = 1_000;
/// As much of the plot as what is ahead may take, in hundredths.
const AHEAD_MAX: usize = 40;

pub(crate) struct Line {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) note: String,
    pub(crate) height: u32,
    pub(crate) axis: Axis,
    pub(crate) ticks: Vec<Tick>,
    /// Paths in a plot of 1,000 by `height`: the line, what lies between it and zero, above and below, and what is ahead.
    pub(crate) path: String,
    pub(crate) above: String,
    pub(crate) below: String,
    pub(crate) projected: String,
    pub(crate) days: Vec<Day>,
}

/// A day's stripe of the plot, for the pointer.
pub(crate) struct Day {
    pub(crate) x: String,
    pub(crate) width: String,
    pub(crate) title: String,
}

/// When nothing will be left, as things run now.
pub(crate) struct Ahead {
    pub(crate) runs_out: CivilDate,
}

pub(crate) struct LineOf<'a> {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) days: &'a [DayEnd],
    pub(crate) ahead: Option<Ahead>,
}

/// None where there are not two days to connect.
pub(crate) fn line(of: LineOf<'_>, notation: &Notation, language: Language) -> Result<Option<Line>, PageError> {
    let ([first, .., last], true) = (of.days, of.days.len() >= 2) else { return Ok(None) };
    let lowest = of.days.iter().map(|day| day.balance).min().unwrap_or(0);
    let highest = of.days.iter().map(|day| day.balance).max().unwrap_or(0);
    let axis = Axis::over(lowest, highest, notation)?;
    // So many days are ahead, and so many of them are drawn.
    let runs_out = of.ahead.as_ref().filter(|_| last.balance > 0).map(|ahead| ahead.runs_out);
    let ahead = runs_out.map_or(0, |end| usize::try_from(last.date.days_until(end)).unwrap_or(0).max(1));
    let drawn = ahead.min(of.days.len() * AHEAD_MAX / (100 - AHEAD_MAX));
    let drawn = if ahead > 0 { drawn.max(1) } else { 0 };
    let count = of.days.len() + drawn;
    let x = |place: usize| place * PLOT_WIDTH / count;
    let mut path = String::new();
    for (place, day) in of.days.iter().enumerate() {
        let (from, to, y) = (x(place), x(place + 1), axis.y(day.balance));
        let _ = if place == 0 { write!(path, "M{from} {y}H{to}") } else { write!(path, "V{y}H{to}") };
    }
    let area = |clipped: fn(i128) -> i128| {
        let zero = axis.y(0);
        let mut path = format!("M0 {zero}");
        for (place, day) in of.days.iter().enumerate() {
            let _ = write!(path, "V{}H{}", axis.y(clipped(day.balance)), x(place + 1));
        }
        let _ = write!(path, "V{zero}Z");
        path
    };
    let projected = if drawn > 0 {
        // Where it ends beyond the plot's edge, as much of the way as can be seen.
        let left =
            last.balance - last.balance * i128::try_from(drawn).unwrap_or(0) / i128::try_from(ahead).unwrap_or(1);
        format!("M{} {}L{PLOT_WIDTH} {}", x(of.days.len()), axis.y(last.balance), axis.y(left))
    } else {
        String::new()
    };
    let mut dates: Vec<CivilDate> = of.days.iter().map(|day| day.date).collect();
    for day in 0..drawn {
        dates.push(last.date.add_days(i64::try_from(day).unwrap_or(0) + 1)?);
    }
    let hover = |(place, day): (usize, &DayEnd)| {
        let title = format!("{}: {}", language.date(day.date), notation.full(day.balance)?.text);
        Ok(Day { x: percent(place, count), width: percent(1, count), title })
    };
    let mut days = of.days.iter().enumerate().map(hover).collect::<Result<Vec<_>, PageError>>()?;
    let note =
        runs_out.map(|end| language.with("chart.runs_out", &[("date", &language.date(end))])).unwrap_or_default();
    if drawn > 0 {
        days.push(Day { x: percent(of.days.len(), count), width: percent(drawn, count), title: note.clone() });
    }
    let description = language.with(
        "chart.balance",
        &[
            ("from", &language.date(first.date)),
            ("to", &language.date(last.date)),
            ("least", &notation.full(lowest)?.text),
            ("most", &notation.full(highest)?.text),
            ("now", &notation.full(last.balance)?.text),
        ],
    );
    let description = if note.is_empty() { description } else { format!("{description} {note}") };
    Ok(Some(Line {
        id: of.id,
        title: of.title,
        description,
        note,
        height: HEIGHT,
        ticks: ticks(&dates, language),
        path,
        above: area(|balance| balance.max(0)),
        below: area(|balance| balance.min(0)),
        axis,
        projected,
        days,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::money::{Currency, Locale};

    fn drawn(balances: &[i128], runs_out: Option<&str>) -> Option<Line> {
        let usd = Notation::Money { currency: Currency::USD, locale: Locale::En };
        let first = CivilDate::parse("2026-11-01").unwrap();
        let days: Vec<DayEnd> = (0_i64..)
            .zip(balances)
            .map(|(day, dollars)| DayEnd { date: first.add_days(day).unwrap(), balance: dollars * 100_000_000 })
            .collect();
        let ahead = runs_out.map(|date| Ahead { runs_out: CivilDate::parse(date).unwrap() });
        line(LineOf { id: "b", title: "Balance".into(), days: &days, ahead }, &usd, Language::En).unwrap()
    }

    #[test]
    fn what_is_ahead_is_dashed_to_zero_and_said() {
        let line = drawn(&[40, 30, 20, 10], Some("2026-11-06")).unwrap();
        assert_eq!(line.projected, "M666 145L1000 190");
        assert!(line.path.starts_with("M0 10H166") && line.path.ends_with("H666"), "{}", line.path);
        assert!(line.note.contains("6 November 2026") && line.description.ends_with(&line.note));
    }

    #[test]
    fn far_ends_are_cut_and_who_has_nothing_has_nothing_ahead() {
        let line = drawn(&[40, 30, 20, 10], Some("2027-11-06")).unwrap();
        assert!(line.projected.starts_with("M666 145L1000 14"), "{}", line.projected);
        assert_eq!(drawn(&[10, -5], Some("2026-11-06")).unwrap().projected, "");
        assert!(drawn(&[10], None).is_none());
    }
}
