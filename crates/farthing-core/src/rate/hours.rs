//! Prices by the hour of the day and the day of the week: cheap nights, dear weekdays.
//!
//! The clocks are those of a zone, so a band may lose or gain an hour where they change; the seconds of a period are always
//! all in exactly one band, and what they cost together is rounded once.

use super::curve::{common, whole_number};
use super::divisor::Divisor;
use super::linear::tag_per_second;
use super::{Charge, LinearPrice, RateError};
use crate::measure::PriceTag;
use crate::money::{Currency, Money, Ratio};
use crate::time::{CivilDate, OutOfRange, Period, TimeOfDay, Weekday, Zone};

/// The first band that holds at an instant has the price; `otherwise` has the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
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

/// What a run costs under `Hours`: the price of a second in each band, over one denominator.
#[derive(Clone, Debug)]
pub struct HoursFormula {
    currency: Currency,
    list: Bands,
    net: Bands,
}

#[derive(Clone, Debug)]
struct Bands {
    numerators: Vec<u128>,
    denominator: Divisor,
}

const OVERFLOW: RateError = RateError::Overflow { operation: "price hours" };

impl Hours {
    /// How many seconds of the period lie in each band, and last in none of them.
    pub fn seconds_by_band(&self, period: Period, zone: &Zone) -> Result<Vec<i64>, RateError> {
        let mut seconds = vec![0_i64; self.bands.len().saturating_add(1)];
        for (date, day) in period.days(zone) {
            let holding = self.holding(date, day, zone)?;
            let mut cuts: Vec<_> = holding.iter().flat_map(|(_, held)| [held.start(), held.end()]).collect();
            cuts.extend([day.start(), day.end()]);
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                let [start, end] = pair else { continue };
                // In order of the bands, so the first that holds wins.
                let band = holding.iter().find(|(_, held)| held.contains(*start)).map(|(band, _)| *band);
                let place = band.unwrap_or(self.bands.len());
                let counted = seconds.get_mut(place).ok_or(OVERFLOW)?;
                *counted = counted.checked_add(end.seconds_since(*start)).ok_or(OVERFLOW)?;
            }
        }
        Ok(seconds)
    }

    /// Where each band holds within a day, those from the evening before too.
    fn holding(&self, date: CivilDate, day: Period, zone: &Zone) -> Result<Vec<(usize, Period)>, RateError> {
        let mut holding = Vec::new();
        for (place, band) in self.bands.iter().enumerate() {
            for begins in [date.add_days(-1)?, date] {
                if band.days.contains(&begins.weekday())
                    && let Some(held) = band.period(begins, zone)?
                    && let Some(held) = held.intersect(day)
                {
                    holding.push((place, held));
                }
            }
        }
        Ok(holding)
    }

    /// Compiles the prices for one run. `price` says all but the price itself.
    pub fn formula(&self, price: &LinearPrice<'_>) -> Result<HoursFormula, RateError> {
        let share = price.share.ratio()?;
        let list: Vec<Ratio> = self
            .bands
            .iter()
            .map(|band| &band.price)
            .chain([&self.otherwise])
            .map(|tag| Ok(tag_per_second(&LinearPrice { price: tag, ..*price })?.checked_mul(share)?))
            .collect::<Result<_, RateError>>()?;
        let left = price.discount.left_of_one()?;
        let net = list.iter().map(|rate| Ok(rate.checked_mul(left)?)).collect::<Result<Vec<Ratio>, RateError>>()?;
        Ok(HoursFormula { currency: price.currency, list: Bands::of(&list)?, net: Bands::of(&net)? })
    }
}

impl Band {
    /// None where a change of clocks leaves nothing of it, and at the ends of the calendar.
    fn period(&self, begins: CivilDate, zone: &Zone) -> Result<Option<Period>, RateError> {
        let ends = if self.to > self.from { begins } else { begins.next_day()? };
        match (zone.instant_at(begins, self.from), zone.instant_at(ends, self.to)) {
            (Ok(start), Ok(end)) => Ok(Period::try_new(start, end).ok()),
            (Err(OutOfRange::Instant), _) | (_, Err(OutOfRange::Instant)) => Ok(None),
            (Err(error), _) | (_, Err(error)) => Err(error.into()),
        }
    }
}

impl HoursFormula {
    /// G of a run that has had so many seconds in each band, counted as `seconds_by_band` does.
    pub fn amount(&self, seconds: &[i64]) -> Result<Charge, RateError> {
        let money = |units| Money::from_units(units, self.currency);
        Ok(Charge { list: money(self.list.amount(seconds)?), net: money(self.net.amount(seconds)?) })
    }
}

impl Bands {
    fn of(rates: &[Ratio]) -> Result<Bands, RateError> {
        let denominator = rates.iter().try_fold(Ratio::ONE, |so_far, rate| common(so_far, *rate))?;
        let numerators =
            rates.iter().map(|rate| whole_number(rate.checked_mul(denominator)?)).collect::<Result<_, _>>();
        Ok(Bands { numerators: numerators?, denominator: Divisor::try_new(whole_number(denominator)?)? })
    }

    fn amount(&self, seconds: &[i64]) -> Result<i64, RateError> {
        if seconds.len() != self.numerators.len() {
            return Err(RateError::BandCount { given: seconds.len(), wanted: self.numerators.len() });
        }
        let mut exact: u128 = 0;
        for (numerator, seconds) in self.numerators.iter().zip(seconds) {
            let whole = u128::try_from(*seconds).map_err(|_| RateError::NegativeSeconds { seconds: *seconds })?;
            let part = numerator.checked_mul(whole).ok_or(OVERFLOW)?;
            exact = exact.checked_add(part).ok_or(OVERFLOW)?;
        }
        self.denominator.half_even(exact).ok_or(OVERFLOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{DataStep, Quantity};
    use crate::rate::{Factor, Percent};
    use crate::time::Instant;
    use proptest::prelude::*;

    const WEEKDAYS: [Weekday; 5] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

    fn tag(text: &str) -> PriceTag {
        PriceTag::parse(text, Currency::USD).unwrap()
    }

    fn band(days: &[Weekday], from: &str, to: &str, price: &str) -> Band {
        let time = |text| TimeOfDay::parse(text).unwrap();
        Band { days: days.to_vec(), from: time(from), to: time(to), price: tag(price) }
    }

    fn period(start: &str, end: &str) -> Period {
        Period::try_new(Instant::parse(start).unwrap(), Instant::parse(end).unwrap()).unwrap()
    }

    fn price(tag: &PriceTag) -> LinearPrice<'_> {
        LinearPrice {
            currency: Currency::USD,
            price: tag,
            unit: None,
            step: DataStep::Binary,
            quantity: Quantity::ONE,
            share: Factor::ONE,
            discount: Percent::ZERO,
            month_seconds: 2_592_000,
        }
    }

    /// Nights from 22:00 to 06:00 whatever the day, weekdays from 09:00 to 18:00, and the rest.
    fn nights_and_weekdays() -> Hours {
        Hours {
            bands: vec![
                band(&Weekday::ALL, "22:00", "06:00", "0.01 / hour"),
                band(&WEEKDAYS, "09:00", "18:00", "0.10 / hour"),
            ],
            otherwise: tag("0.05 / hour"),
        }
    }

    #[test]
    fn every_second_is_in_one_band() {
        let check = |zone: &str, start: &str, end: &str, minutes: [i64; 3]| {
            let zone = Zone::parse(zone).unwrap();
            let found = nights_and_weekdays().seconds_by_band(period(start, end), &zone).unwrap();
            assert_eq!(found, minutes.map(|minutes| minutes * 60), "{start} to {end}");
        };
        // A Wednesday: 0-6 and 22-24 are night, 9-18 is dear, 6-9 and 18-22 the rest.
        check("UTC", "2026-08-19T00:00:00Z", "2026-08-20T00:00:00Z", [8 * 60, 9 * 60, 7 * 60]);
        // A Saturday has no dear hours.
        check("UTC", "2026-08-22T00:00:00Z", "2026-08-23T00:00:00Z", [8 * 60, 0, 16 * 60]);
        check("UTC", "2026-08-19T21:30:00Z", "2026-08-20T06:30:00Z", [8 * 60, 0, 60]); // over midnight
        check("UTC", "2026-08-19T05:59:00Z", "2026-08-19T06:01:00Z", [1, 0, 1]); // at 06:00 the night is over
        check("Asia/Shanghai", "2026-08-19T00:00:00Z", "2026-08-19T02:00:00Z", [0, 60, 60]); // 08:00 to 10:00
        // Rome, 29 March 2026, a Sunday of 23 hours: the night has seven, one of its hours is skipped.
        check("Europe/Rome", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", [7 * 60, 0, 16 * 60]);
        // 25 October, a Sunday of 25 hours: the night has nine.
        check("Europe/Rome", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", [9 * 60, 0, 16 * 60]);
    }

    #[test]
    fn a_band_of_one_night_ends_on_the_next_morning() {
        let hours =
            Hours { bands: vec![band(&[Weekday::Friday], "22:00", "06:00", "1 / hour")], otherwise: tag("2 / hour") };
        let check = |start, end, seconds: [i64; 2]| {
            assert_eq!(hours.seconds_by_band(period(start, end), &Zone::UTC).unwrap(), seconds, "{start}");
        };
        check("2026-08-21T00:00:00Z", "2026-08-22T00:00:00Z", [7_200, 79_200]); // Friday
        check("2026-08-22T00:00:00Z", "2026-08-23T00:00:00Z", [21_600, 64_800]); // Saturday until 06:00
        check("2026-08-23T00:00:00Z", "2026-08-24T00:00:00Z", [0, 86_400]);
        let whole =
            Hours { bands: vec![band(&[Weekday::Sunday], "00:00", "00:00", "1 / hour")], otherwise: tag("2 / hour") };
        let week = period("2026-08-17T00:00:00Z", "2026-08-24T00:00:00Z");
        assert_eq!(whole.seconds_by_band(week, &Zone::UTC).unwrap(), [86_400, 6 * 86_400]);
    }

    #[test]
    fn rounded_once_over_all_bands() {
        let hours = nights_and_weekdays();
        let formula = hours.formula(&price(&hours.otherwise)).unwrap();
        // 1 s of each: (0.01 + 0.10 + 0.05) / 3600 = 4,444.44 units; rounded apart they would be 278 + 2,778 + 1,389 = 4,445.
        assert_eq!(formula.amount(&[1, 1, 1]).unwrap().net.units(), 4_444);
        assert_eq!(formula.amount(&[8 * 3_600, 9 * 3_600, 7 * 3_600]).unwrap().net.to_string(), "1.33 USD"); // 0.08+0.90+0.35
        let tenth_off = LinearPrice { discount: Percent::parse("10%").unwrap(), ..price(&hours.otherwise) };
        let charge = hours.formula(&tenth_off).unwrap().amount(&[0, 3_600, 0]).unwrap();
        assert_eq!((charge.list.to_string(), charge.net.to_string()), ("0.10 USD".to_owned(), "0.09 USD".to_owned()));
        assert_eq!(formula.amount(&[1, 1]), Err(RateError::BandCount { given: 2, wanted: 3 }));
        assert_eq!(formula.amount(&[1, -1, 1]), Err(RateError::NegativeSeconds { seconds: -1 }));
        assert_eq!(formula.amount(&[i64::MAX; 3]).map(|charge| charge.net.units() > 0), Err(OVERFLOW));
    }

    proptest! {
        /// Wherever a period is cut, the seconds of its parts add up, band by band, in zones with every kind of change.
        #[test]
        fn cuts_change_no_seconds(
            zone in crate::time::any_zone(), start in 100_000_000_i64..2_000_000_000, first in 1_i64..4_000_000, second in 1_i64..4_000_000,
        ) {
            let at = |seconds| Instant::try_from_seconds(seconds).unwrap();
            let of = |from, to| {
                nights_and_weekdays().seconds_by_band(Period::try_new(at(from), at(to)).unwrap(), &zone).unwrap()
            };
            let whole = of(start, start + first + second);
            let parts: Vec<i64> = of(start, start + first)
                .into_iter()
                .zip(of(start + first, start + first + second))
                .map(|(first, second)| first + second)
                .collect();
            prop_assert_eq!(whole.iter().sum::<i64>(), first + second);
            prop_assert_eq!(whole, parts);
        }
    }
}
