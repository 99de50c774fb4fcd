//! Which column of a bank's CSV says what. Plain values, so that whoever reads settings can fill them in.

use farthing_core::money::Currency;

/// Columns are called by what the header calls them. An empty name: the file has no such column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvMapping {
    /// The cloud's own account, which such files seldom name.
    pub account: String,
    pub currency: Currency,
    pub encoding: CsvEncoding,
    pub separator: char,
    /// Lines before the header.
    pub skip_lines: usize,
    pub decimal: char,
    pub thousands: Option<char>,
    /// `DD`, `MM` and `YYYY` or `YY`, with what stands between: `DD.MM.YYYY`.
    pub date_pattern: String,
    pub date: String,
    pub amount: CsvAmount,
    /// Where each row names its currency, it must be the account's.
    pub currency_column: String,
    /// Who paid us, or whom we paid.
    pub name: String,
    /// Whom we paid, where that is a column of its own.
    pub name_out: String,
    pub iban: String,
    /// All that there is of them, joined by a line feed.
    pub text: Vec<String>,
    /// The creditor's reference.
    pub reference: String,
    /// What the bank calls the movement.
    pub bank_reference: String,
    pub end_to_end: String,
    pub mandate: String,
    /// What the account has after the row. Rows may go up or down in time; each must follow from the one before.
    pub balance: String,
    /// Rows whose column says something else are not booked yet and are left out.
    pub booked: Option<CsvBooked>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvAmount {
    /// One column, below zero where money went out.
    Signed(String),
    /// One column for what came in and one for what went out; one of them is empty or zero.
    InOut { incoming: String, outgoing: String },
    /// One column without a sign, and one that says `out` where money went out.
    Marked { amount: String, mark: String, out: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvBooked {
    pub column: String,
    pub says: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvEncoding {
    /// What begins with a byte order mark loses it.
    Utf8,
    Latin1,
}

impl CsvMapping {
    /// What most banks of the Euro area write. The names of the columns are still to be said.
    pub fn new(account: &str, currency: Currency) -> CsvMapping {
        CsvMapping {
            account: account.to_owned(),
            currency,
            encoding: CsvEncoding::Utf8,
            separator: ';',
            skip_lines: 0,
            decimal: ',',
            thousands: Some('.'),
            date_pattern: "DD.MM.YYYY".to_owned(),
            date: "Date".to_owned(),
            amount: CsvAmount::Signed("Amount".to_owned()),
            currency_column: String::new(),
            name: String::new(),
            name_out: String::new(),
            iban: String::new(),
            text: Vec::new(),
            reference: String::new(),
            bank_reference: String::new(),
            end_to_end: String::new(),
            mandate: String::new(),
            balance: String::new(),
            booked: None,
        }
    }
}
