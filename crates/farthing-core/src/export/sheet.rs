//! Columns and cells: what every file format is given.

use crate::money::{Currency, Rounding, div_round};
use crate::time::Instant;
use std::io;

/// What a column holds. Any cell may hold nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    /// A JSON object as text, of texts.
    Object,
    /// Exact, with so many digits behind the point at most.
    Decimal {
        scale: u32,
    },
    /// A decimal that readers of a foreign format want as a floating-point number where a file has such: text elsewhere.
    Number {
        scale: u32,
    },
    Whole,
    Time,
    Truth,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Nothing,
    Text(String),
    /// `digits / 10^scale`, in the scale of its column.
    Decimal(i128),
    Whole(i64),
    Time(Instant),
    Truth(bool),
}

/// Where rows go. A file is whole once it is finished.
pub trait Sink {
    fn row(&mut self, cells: &[Cell]) -> io::Result<()>;
    fn finish(&mut self) -> io::Result<()>;
}

impl Column {
    pub const fn text(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Text }
    }

    pub const fn object(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Object }
    }

    pub const fn time(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Time }
    }

    pub const fn whole(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Whole }
    }

    pub const fn truth(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Truth }
    }

    /// An amount of money, to its last unit.
    pub fn money(name: &'static str, currency: Currency) -> Column {
        Column { name, kind: ColumnKind::Decimal { scale: currency.decimal_digits() } }
    }

    /// In millionths.
    pub const fn quantity(name: &'static str) -> Column {
        Column { name, kind: ColumnKind::Decimal { scale: 6 } }
    }
}

impl Cell {
    /// What is empty is nothing.
    pub fn text(text: impl Into<String>) -> Cell {
        let text = text.into();
        if text.is_empty() { Cell::Nothing } else { Cell::Text(text) }
    }

    pub fn units(units: i64) -> Cell {
        Cell::Decimal(i128::from(units))
    }

    pub fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
        value.map_or(Cell::Nothing, cell)
    }
}

/// `digits / 10^scale` as text: exact, with `least` digits behind the point and more only where they are not zero.
pub fn decimal(digits: i128, scale: u32, least: u32) -> String {
    let (mut digits, mut scale) = (digits, scale);
    while scale > least && digits.checked_rem(10) == Some(0) {
        digits = digits.checked_div(10).unwrap_or_default();
        scale = scale.saturating_sub(1);
    }
    let sign = if digits < 0 { "-" } else { "" };
    let places = scale as usize;
    let text = format!("{:0>width$}", digits.unsigned_abs().to_string(), width = places.saturating_add(1));
    let (whole, fraction) = text.split_at(text.len().saturating_sub(places));
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// What one of a quantity costs, in digits of `scale` behind the point; none where there is no quantity, or it does not fit.
pub(super) fn price_of_one(units: i64, money_scale: u32, millionths: i128, scale: u32) -> Option<i128> {
    if millionths == 0 {
        return None;
    }
    // units / 10^money · 10^6 / millionths · 10^scale
    let up = 10_i128.checked_pow(scale.checked_add(6)?.checked_sub(money_scale)?)?;
    div_round(i128::from(units).checked_mul(up)?, millionths, Rounding::HalfEven).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_no_longer_than_they_need_to_be() {
        let check = |digits: i128, scale: u32, least: u32, expected: &str| {
            assert_eq!(decimal(digits, scale, least), expected, "{digits} / 10^{scale}");
        };
        check(1_250_000_000, 8, 2, "12.50");
        check(1, 8, 2, "0.00000001");
        check(-5_000_000, 8, 2, "-0.05");
        check(0, 8, 2, "0.00");
        check(7, 0, 0, "7");
        check(3_600_000_000, 6, 0, "3600");
        check(i128::MIN, 6, 0, "-170141183460469231731687303715884.105728");
    }

    #[test]
    fn what_one_costs_times_how_many_is_what_they_cost() {
        // 0.36 USD for 3,600 seconds.
        assert_eq!(price_of_one(36_000_000, 8, 3_600_000_000, 12), Some(100_000_000));
        assert_eq!(price_of_one(1, 8, 0, 12), None);
        assert_eq!(price_of_one(i64::MAX, 8, 1, 30), None, "what does not fit is left out");
    }
}
