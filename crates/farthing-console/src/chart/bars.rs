//! Stacked bars by day: what something cost, by what it is of. Seven series and the rest; what was given back stands below zero.

use super::axis::{Axis, HEIGHT, Tick, percent, ticks};
use crate::frame::PageError;
use crate::words::Language;
use crate::words::figure::Notation;
use farthing_core::time::CivilDate;
use std::fmt::Write as _;

/// More are the last one's: "other".
pub(crate) const SERIES_MAX: usize = 8;

pub(crate) struct Bars {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) height: u32,
    pub(crate) axis: Axis,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) stacks: Vec<Bar>,
    /// The number of a colour, and what it is.
    pub(crate) legend: Vec<(usize, String)>,
}

/// A day.
pub(crate) struct Bar {
    pub(crate) x: String,
    pub(crate) width: String,
    pub(crate) hover_x: String,
    pub(crate) hover_width: String,
    /// Read aloud, and shown on hover.
    pub(crate) title: String,
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) struct Piece {
    pub(crate) series: usize,
    pub(crate) y: u32,
    pub(crate) height: u32,
}

/// What is to be drawn.
pub(crate) struct BarsOf<'a> {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) days: &'a [CivilDate],
    /// Names and amounts by day, at most `SERIES_MAX` of them.
    pub(crate) series: Vec<(String, Vec<i64>)>,
    /// Each is a month by its first day.
    pub(crate) by_month: bool,
}

pub(crate) fn bars(of: BarsOf<'_>, notation: &Notation, language: Language) -> Result<Bars, PageError> {
    let count = of.days.len();
    let at = |place: usize| of.series.iter().map(move |(_, amounts)| i128::from(amounts[place]));
    let tops = (0..count).map(|place| at(place).filter(|amount| *amount > 0).sum::<i128>());
    let bottoms = (0..count).map(|place| at(place).filter(|amount| *amount < 0).sum::<i128>());
    let axis = Axis::over(bottoms.min().unwrap_or(0), tops.max().unwrap_or(0), notation)?;
    let mut bars = Vec::with_capacity(count);
    for (place, day) in of.days.iter().enumerate() {
        let (mut up, mut down) = (0_i128, 0_i128);
        let mut pieces = Vec::new();
        for (number, amount) in at(place).enumerate() {
            let (from, to) = if amount > 0 { (up, up + amount) } else { (down, down + amount) };
            *(if amount > 0 { &mut up } else { &mut down }) = to;
            let (y, end) = (axis.y(from.max(to)), axis.y(from.min(to)));
            if end > y {
                pieces.push(Piece { series: number + 1, y, height: end - y });
            }
        }
        let name = if of.by_month { language.month(*day) } else { language.date(*day) };
        let mut title = format!("{name}: {}", notation.full(up + down)?.text);
        for ((name, _), amount) in of.series.iter().zip(at(place)).filter(|(_, amount)| *amount != 0) {
            if of.series.len() > 1 {
                let _ = write!(title, "\n{name}: {}", notation.full(amount)?.text);
            }
        }
        bars.push(Bar {
            // A fifth of a day's width lies between two bars.
            x: percent(10 * place + 1, 10 * count),
            width: percent(8, 10 * count),
            hover_x: percent(place, count),
            hover_width: percent(1, count),
            title,
            pieces,
        });
    }
    let named = |day: CivilDate| if of.by_month { language.month(day) } else { language.date(day) };
    let total: i128 = (0..count).flat_map(at).sum();
    let most = (0..count).max_by_key(|place| at(*place).sum::<i128>());
    let description = match (of.days.first(), of.days.last(), most) {
        (Some(first), Some(last), Some(most)) => {
            let places = [
                ("from", named(*first)),
                ("to", named(*last)),
                ("sum", notation.full(total)?.text),
                ("day", named(of.days[most])),
                ("most", notation.full(at(most).sum())?.text),
            ];
            let places = places.each_ref().map(|(name, text)| (*name, text.as_str()));
            if of.by_month { language.with("chart.bars_months", &places) } else { language.with("chart.bars", &places) }
        }
        _ => String::new(),
    };
    let legend = of.series.iter().enumerate().map(|(place, (name, _))| (place + 1, name.clone())).collect();
    Ok(Bars {
        id: of.id,
        title: of.title,
        description,
        height: HEIGHT,
        axis,
        ticks: ticks(of.days, language),
        stacks: bars,
        legend,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::money::{Currency, Locale};

    #[test]
    fn pieces_stand_on_each_other_and_what_was_given_back_hangs_below() {
        let usd = Notation::Money { currency: Currency::USD, locale: Locale::En };
        let days: Vec<CivilDate> = ["2026-11-01", "2026-11-02"].map(|day| CivilDate::parse(day).unwrap()).to_vec();
        let dollar = 100_000_000;
        let series = vec![("a".to_owned(), vec![dollar, -dollar]), ("b".to_owned(), vec![dollar, 2 * dollar])];
        let chart =
            bars(BarsOf { id: "c", title: "t".into(), days: &days, series, by_month: false }, &usd, Language::En)
                .unwrap();
        let [first, second] = &chart.stacks[..] else { panic!("two days") };
        assert_eq!(first.pieces[1].y + first.pieces[1].height, first.pieces[0].y);
        assert_eq!(first.pieces[0].height, first.pieces[1].height);
        assert_eq!(second.pieces[1].y + second.pieces[1].height, second.pieces[0].y, "one from zero up, one down");
        assert_eq!(second.title, "2 November 2026: $1.00\na: −$1.00\nb: $2.00");
        assert!(chart.description.contains("$3.00"), "{}", chart.description);
    }
}
