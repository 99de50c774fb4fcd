//! Who is in the European Union for VAT, and the standard rate of each member state on a day.
//!
//! As known on 2026-01-01; a change announced later is a row more. Reduced rates are left out: what a cloud sells bears the
//! standard one. Left out as well, and so outside: the territories of member states where EU VAT does not hold (the Canary
//! Islands, Ceuta and Melilla, the overseas departments of France, Åland, Büsingen, Heligoland, Livigno, Campione, Mount
//! Athos, northern Cyprus), and the lower rates of Madeira and the Azores, whose customers bear Portugal's. Monaco, which is
//! France for VAT, has to be given as FR.
//!
//! Northern Ireland (XI) is in the Union for goods alone. What a cloud sells are services, for which it is the United Kingdom.

use crate::policy::Country;
use crate::rate::Percent;
use crate::time::CivilDate;

struct Row {
    country: [u8; 2],
    /// Thousandths of a percent: 25.5% is 25,500.
    thousandths: u64,
    /// The year, month and day of its first day.
    from: (u16, u8, u8),
}

const fn row(country: [u8; 2], thousandths: u64, year: u16, month: u8, day: u8) -> Row {
    Row { country, thousandths, from: (year, month, day) }
}

/// By country, then by day. A country's first row is older than any bill of ours.
const STANDARD_RATES: &[Row] = &[
    row(*b"AT", 20_000, 1984, 1, 1),
    row(*b"BE", 21_000, 1996, 1, 1),
    row(*b"BG", 20_000, 1999, 1, 1),
    row(*b"CY", 19_000, 2014, 1, 13),
    row(*b"CZ", 21_000, 2013, 1, 1),
    row(*b"DE", 19_000, 2007, 1, 1),
    row(*b"DE", 16_000, 2020, 7, 1), // for half a year
    row(*b"DE", 19_000, 2021, 1, 1),
    row(*b"DK", 25_000, 1992, 1, 1),
    row(*b"EE", 20_000, 2009, 7, 1),
    row(*b"EE", 22_000, 2024, 1, 1),
    row(*b"EE", 24_000, 2025, 7, 1),
    row(*b"ES", 21_000, 2012, 9, 1),
    row(*b"FI", 24_000, 2013, 1, 1),
    row(*b"FI", 25_500, 2024, 9, 1),
    row(*b"FR", 20_000, 2014, 1, 1),
    row(*b"GR", 24_000, 2016, 6, 1),
    row(*b"HR", 25_000, 2012, 3, 1),
    row(*b"HU", 27_000, 2012, 1, 1),
    row(*b"IE", 23_000, 2012, 1, 1),
    row(*b"IE", 21_000, 2020, 9, 1), // for half a year
    row(*b"IE", 23_000, 2021, 3, 1),
    row(*b"IT", 22_000, 2013, 10, 1),
    row(*b"LT", 21_000, 2009, 9, 1),
    row(*b"LU", 17_000, 2015, 1, 1),
    row(*b"LU", 16_000, 2023, 1, 1), // for a year
    row(*b"LU", 17_000, 2024, 1, 1),
    row(*b"LV", 21_000, 2012, 7, 1),
    row(*b"MT", 18_000, 2004, 1, 1),
    row(*b"NL", 21_000, 2012, 10, 1),
    row(*b"PL", 23_000, 2011, 1, 1),
    row(*b"PT", 23_000, 2011, 1, 1),
    row(*b"RO", 19_000, 2017, 1, 1),
    row(*b"RO", 21_000, 2025, 8, 1),
    row(*b"SE", 25_000, 1990, 7, 1),
    row(*b"SI", 22_000, 2013, 7, 1),
    row(*b"SK", 20_000, 2011, 1, 1),
    row(*b"SK", 23_000, 2025, 1, 1),
];

/// Whether services sold to somebody there bear EU VAT. Greece is GR, as in ISO 3166, not the EL of its VAT numbers.
pub fn is_member(country: Country) -> bool {
    STANDARD_RATES.iter().any(|row| row.country == country.0)
}

/// The standard rate on that day; before its first row, that row's. None outside the Union.
pub fn standard_rate(country: Country, on: CivilDate) -> Option<Percent> {
    let rows = || STANDARD_RATES.iter().filter(|row| row.country == country.0);
    let in_force = rows().rfind(|row| row.from <= (on.year(), on.month(), on.day()));
    let row = in_force.or_else(|| rows().next())?;
    Some(Percent::from_billionths(row.thousandths.saturating_mul(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_has_every_member_state() {
        let keys: Vec<_> = STANDARD_RATES.iter().map(|row| (row.country, row.from)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        for row in STANDARD_RATES {
            let (year, month, day) = row.from;
            assert!(CivilDate::try_new(year, month, day).is_ok());
            assert!((15_000..=27_000).contains(&row.thousandths)); // the directive's minimum is 15%
        }
        let mut countries: Vec<_> = STANDARD_RATES.iter().map(|row| row.country).collect();
        countries.dedup();
        assert_eq!(countries.len(), 27);
    }

    #[test]
    fn the_rate_of_a_day() {
        let check = |country: &[u8; 2], on: &str, rate: &str| {
            let found = standard_rate(Country(*country), CivilDate::parse(on).unwrap());
            assert_eq!(found.map_or("none".to_owned(), |rate| rate.to_string()), rate, "{on}");
        };
        check(b"EE", "2023-12-31", "20%");
        check(b"EE", "2024-01-01", "22%");
        check(b"EE", "2025-06-30", "22%");
        check(b"EE", "2025-07-01", "24%");
        check(b"SK", "2024-12-31", "20%");
        check(b"SK", "2025-01-01", "23%");
        check(b"FI", "2024-08-31", "24%");
        check(b"FI", "2024-09-01", "25.5%");
        check(b"RO", "2025-07-31", "19%");
        check(b"RO", "2025-08-01", "21%");
        check(b"LU", "2022-12-31", "17%");
        check(b"LU", "2023-01-01", "16%");
        check(b"LU", "2024-01-01", "17%");
        check(b"DE", "2020-07-01", "16%");
        check(b"DE", "2021-01-01", "19%");
        check(b"SE", "1980-01-01", "25%"); // before its first row
        check(b"GB", "2026-01-01", "none");
        check(b"XI", "2026-01-01", "none");
        check(b"EL", "2026-01-01", "none");
    }
}
