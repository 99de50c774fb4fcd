//! A document as a plain value: everything that stands on it, and nothing about how it looks. Whoever makes one has decided all amounts.

use farthing_core::money::{Currency, Locale, Money};
use farthing_core::policy::{Country, PricesAre};
use farthing_core::tax::Treatment;
use farthing_core::time::CivilDate;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A demand: an invoice, where it names taxes.
    Bill,
    CreditNote,
    /// What was used, where nothing is asked for.
    Statement,
    /// That a bill, or a part of it, is paid.
    Receipt,
}

/// The languages documents are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    En,
    Zh,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub kind: Kind,
    pub number: String,
    pub issued: CivilDate,
    pub due: Option<CivilDate>,
    pub currency: Currency,
    pub language: Language,
    pub brand: Brand,
    pub seller: Party,
    pub buyer: Party,
    /// Whether the lines' amounts are without tax or with it.
    pub prices: PricesAre,
    pub lines: Vec<Line>,
    /// One for each group of taxes.
    pub taxes: Vec<TaxSum>,
    /// Lines without tax, less their discounts.
    pub net: Money,
    pub tax: Money,
    /// What earlier bills left, whose tax stands on them.
    pub brought_forward: Money,
    /// net + tax + brought forward
    pub total: Money,
    pub paid: Money,
    /// By credit notes about it.
    pub credited: Money,
    /// What goes onto the next bill instead of being collected.
    pub rolled: Money,
    pub due_amount: Money,
    /// Of a credit note or a receipt: the bill it is about.
    pub about: Option<About>,
    /// Of a credit note: why.
    pub reason: String,
    /// Of a receipt: how it was paid.
    pub method: String,
    /// Where it can be paid by a transfer.
    pub bank: Option<BankAccount>,
    /// What else its reader should know, one paragraph each.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// As the cloud calls the account; empty: it is the cloud.
    pub account: String,
    pub name: String,
    /// One or more lines, or parts between commas.
    pub address: String,
    pub country: Option<Country>,
    pub region: String,
    pub tax_number: String,
    pub email: String,
}

/// How the cloud shows itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    /// Red, green, blue; dark enough to be read on white.
    pub accent: Option<[u8; 3]>,
    pub logo: Option<Logo>,
    /// Where customers write to.
    pub support: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logo {
    Png(Vec<u8>),
    Svg(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub text: String,
    /// The days it was supplied, both included.
    pub service: Option<(CivilDate, CivilDate)>,
    /// For people: "744 h".
    pub quantity: Option<String>,
    /// For people: "$0.01 / h".
    pub unit_price: Option<String>,
    /// Net or gross as the prices are, before the discount.
    pub amount: Money,
    /// What coupons take off.
    pub discount: Money,
    /// Without tax, less the discount.
    pub net: Money,
    /// The key of its [`TaxSum`]; empty: it bears none (a sum brought forward).
    pub group: String,
    pub used: Option<Usage>,
}

/// What the use of a line cost, and what paid it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Without the discount.
    pub list: Money,
    pub net: Money,
    pub credit: Money,
    pub balance: Money,
    /// By a bill.
    pub billed: Money,
}

/// All that bears one tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxSum {
    /// `DE-19`
    pub group: String,
    /// `VAT`
    pub name: String,
    pub treatment: Treatment,
    /// `19`, `7.25`
    pub percent: String,
    pub net: Money,
    pub tax: Money,
    /// Why so much.
    pub reason: String,
    /// What the law wants said, such as that the buyer owes the tax.
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub number: String,
    pub issued: CivilDate,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankAccount {
    pub holder: String,
    /// An IBAN, or where there is none, a number.
    pub account: String,
    pub bic: String,
    /// What the payer writes with it.
    pub reference: String,
    /// What a banking app reads from a code; empty: there is none.
    pub scan: String,
}

impl Language {
    /// The one for a language tag such as `zh-CN`, or the nearest there is.
    pub fn of_tag(tag: &str) -> Option<Language> {
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Some(Language::En),
            "zh" => Some(Language::Zh),
            _ => None,
        }
    }

    pub const fn locale(self) -> Locale {
        match self {
            Language::En => Locale::En,
            Language::Zh => Locale::Zh,
        }
    }
}

impl Logo {
    /// By how its bytes begin; none where they are neither.
    pub fn of(bytes: Vec<u8>) -> Option<Logo> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Logo::Png(bytes));
        }
        let begin = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
        String::from_utf8_lossy(begin).contains("<svg").then_some(Logo::Svg(bytes))
    }
}

impl Document {
    /// Whether it is a document of taxes, which authorities read.
    pub const fn is_invoice(&self) -> bool {
        matches!(self.kind, Kind::Bill | Kind::CreditNote)
    }
}
