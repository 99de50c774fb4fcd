//! Money: amounts that carry their currency, exact prices, and the only ways of rounding and dividing them.
//!
//! An amount is an `i64` count of **units**; a unit is a millionth of the currency's minor unit, so one dollar is
//! 100,000,000 units and 0.15 per million tokens is 15 units a token. Currencies of tiny value keep fewer digits
//! (`currency_table.rs` says which and why). In between we count in `i128`. Every operation is checked: an overflow is an
//! error, never a wrap. Floats touch nothing here.
//!
//! | to | use |
//! |---|---|
//! | add, subtract, compare | [`Money::checked_add`] and its kin; two currencies are an error, not a conversion |
//! | take a fraction (tax, discount) | [`Money::checked_mul_div`], naming the [`Rounding`] |
//! | bring to cents | [`Money::round_to_minor`]: the rounded part and the remainder, which the caller carries on |
//! | split without losing a unit | [`Money::allocate`], [`Money::allocate_minor`] |
//! | multiply a price by a quantity | [`Price::exact`], which is exact; then [`Ratio::round`], once, at the end |
//! | read and print | [`Money::parse`], `Display`, [`Money::format`] |
//!
//! What this module does not do: exchange rates, price lists and their text ("0.15 per 1M tokens" is the catalog's), or
//! commodities that are not money (GPU units, tokens).

mod allocate;
mod amount;
mod currency;
mod currency_table;
mod locale;
mod price;
mod rounding;
mod text;

pub use allocate::allocate;
pub use amount::{Money, MoneyError};
pub use currency::{Currency, UnknownCurrency};
pub use locale::Locale;
pub use price::{Price, Ratio};
pub(crate) use rounding::divide_wide;
pub use rounding::{Rounding, div_round, mul_div_round};
pub use text::{MoneyParseError, MoneyParseProblem};
