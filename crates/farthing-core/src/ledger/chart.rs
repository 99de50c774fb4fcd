//! The chart of accounts, and the closed list of reasons for which anything is ever posted.
//!
//! An account's *code* says what it is among its owner's accounts: `cash`, `credit/welcome`, `receivable/debt`. A customer
//! has the left column, a cloud's own books the right one; `posting.rs` says which of them each event moves.

use super::{CommodityId, Floor};
use std::fmt;

/// What an account is for. The text in it names the grant, pack, order, bill, product, provider or tax rate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chart {
    // A customer's.
    Cash,
    Credit(String),
    Units(String),
    Deferred(String),
    Unbilled,
    Receivable(String),
    /// Brought forward: bills too small to be collected (R20).
    ReceivableNext,
    ReceivableDebt,
    RefundDue,
    Carry(String),
    // A cloud's.
    Bank,
    Provider(String),
    Suspense,
    Revenue(String),
    PromoOpen,
    PromoUsed,
    Tax(String),
    Fees,
    LateFees,
    BadDebt,
    Breakage,
    Rounding,
    UnitsOut,
    UnitsUsed,
    /// What customers had before this ledger began, against their accounts (an import of opening balances).
    OpeningBalances,
}

impl Chart {
    /// How low an account of this kind may go. `debt_floor` is how far debt may go for what asks.
    pub fn floor(&self, debt_floor: i64) -> Floor {
        match self {
            Chart::Cash | Chart::Credit(_) | Chart::Units(_) | Chart::Deferred(_) | Chart::RefundDue => Floor::Zero,
            Chart::ReceivableDebt => Floor::Minus(debt_floor),
            Chart::Unbilled
            | Chart::Receivable(_)
            | Chart::ReceivableNext
            | Chart::Carry(_)
            | Chart::Bank
            | Chart::Provider(_)
            | Chart::Suspense
            | Chart::Revenue(_)
            | Chart::PromoOpen
            | Chart::PromoUsed
            | Chart::Tax(_)
            | Chart::Fees
            | Chart::LateFees
            | Chart::BadDebt
            | Chart::Breakage
            | Chart::Rounding
            | Chart::UnitsOut
            | Chart::UnitsUsed
            | Chart::OpeningBalances => Floor::Open,
        }
    }

    /// `name` or `name/detail`. None where the text is no code of this chart.
    pub fn parse(code: &str) -> Option<Chart> {
        let (head, detail) = code.split_once('/').map_or((code, None), |(head, detail)| (head, Some(detail)));
        let detail = match detail {
            Some("") => return None,
            other => other.map(str::to_owned),
        };
        Some(match (head, detail) {
            ("cash", None) => Chart::Cash,
            ("credit", Some(grant)) => Chart::Credit(grant),
            ("units", Some(pack)) => Chart::Units(pack),
            ("deferred", Some(order)) => Chart::Deferred(order),
            ("unbilled", None) => Chart::Unbilled,
            ("receivable", Some(bill)) => match bill.as_str() {
                "next" => Chart::ReceivableNext,
                "debt" => Chart::ReceivableDebt,
                _ => Chart::Receivable(bill),
            },
            ("refund-due", None) => Chart::RefundDue,
            ("carry", Some(group)) => Chart::Carry(group),
            ("bank", None) => Chart::Bank,
            ("provider", Some(provider)) => Chart::Provider(provider),
            ("suspense", None) => Chart::Suspense,
            ("revenue", Some(product)) => Chart::Revenue(product),
            ("promo-open", None) => Chart::PromoOpen,
            ("promo-used", None) => Chart::PromoUsed,
            ("tax", Some(rate)) => Chart::Tax(rate),
            ("fees", None) => Chart::Fees,
            ("late-fees", None) => Chart::LateFees,
            ("bad-debt", None) => Chart::BadDebt,
            ("breakage", None) => Chart::Breakage,
            ("rounding", None) => Chart::Rounding,
            ("units-out", None) => Chart::UnitsOut,
            ("units-used", None) => Chart::UnitsUsed,
            ("opening-balances", None) => Chart::OpeningBalances,
            _ => return None,
        })
    }

    /// Which of the five classes of bookkeeping it belongs to, for exports and trial balances.
    pub fn class(&self) -> Class {
        match self {
            Chart::Cash
            | Chart::Credit(_)
            | Chart::Units(_)
            | Chart::Deferred(_)
            | Chart::RefundDue
            | Chart::Carry(_)
            | Chart::Suspense
            | Chart::Tax(_) => Class::Liability,
            Chart::Unbilled
            | Chart::Receivable(_)
            | Chart::ReceivableNext
            | Chart::ReceivableDebt
            | Chart::Bank
            | Chart::Provider(_)
            | Chart::PromoOpen
            | Chart::UnitsOut => Class::Asset,
            Chart::Revenue(_) | Chart::LateFees | Chart::Breakage | Chart::UnitsUsed => Class::Income,
            Chart::PromoUsed | Chart::Fees | Chart::BadDebt | Chart::Rounding => Class::Expense,
            Chart::OpeningBalances => Class::Equity,
        }
    }
}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chart::Cash => f.write_str("cash"),
            Chart::Credit(grant) => write!(f, "credit/{grant}"),
            Chart::Units(pack) => write!(f, "units/{pack}"),
            Chart::Deferred(order) => write!(f, "deferred/{order}"),
            Chart::Unbilled => f.write_str("unbilled"),
            Chart::Receivable(bill) => write!(f, "receivable/{bill}"),
            Chart::ReceivableNext => f.write_str("receivable/next"),
            Chart::ReceivableDebt => f.write_str("receivable/debt"),
            Chart::RefundDue => f.write_str("refund-due"),
            Chart::Carry(group) => write!(f, "carry/{group}"),
            Chart::Bank => f.write_str("bank"),
            Chart::Provider(provider) => write!(f, "provider/{provider}"),
            Chart::Suspense => f.write_str("suspense"),
            Chart::Revenue(product) => write!(f, "revenue/{product}"),
            Chart::PromoOpen => f.write_str("promo-open"),
            Chart::PromoUsed => f.write_str("promo-used"),
            Chart::Tax(rate) => write!(f, "tax/{rate}"),
            Chart::Fees => f.write_str("fees"),
            Chart::LateFees => f.write_str("late-fees"),
            Chart::BadDebt => f.write_str("bad-debt"),
            Chart::Breakage => f.write_str("breakage"),
            Chart::Rounding => f.write_str("rounding"),
            Chart::UnitsOut => f.write_str("units-out"),
            Chart::UnitsUsed => f.write_str("units-used"),
            Chart::OpeningBalances => f.write_str("opening-balances"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Asset,
    Liability,
    Income,
    Expense,
    Equity,
}

/// What an account counts, by name: a currency (`USD`) or a unit (`gpu-unit`), and how many decimals its numbers hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commodity {
    pub id: CommodityId,
    pub code: String,
    pub kind: CommodityKind,
    pub decimals: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommodityKind {
    Currency,
    Unit,
}

impl Commodity {
    /// `-12345` of 2 decimals is `-123.45`; all decimals are written, so that other programs read every unit.
    pub fn decimal(&self, amount: i64) -> String {
        let digits = format!("{:0>width$}", amount.unsigned_abs(), width = (self.decimals as usize).saturating_add(1));
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(self.decimals as usize));
        let sign = if amount < 0 { "-" } else { "" };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a transfer was posted: the rows of the chart's table of events. Numbers and names are for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];
            pub fn code(self) -> u16 { match self { $(Kind::$name => $code,)* } }
            pub fn name(self) -> &'static str { match self { $(Kind::$name => $text,)* } }
            pub fn from_code(code: i64) -> Option<Kind> { match code { $($code => Some(Kind::$name),)* _ => None } }
        }
    };
}

kinds! {
    /// Anything a caller of the plain ledger moves for its own reasons; tests and benchmarks.
    Plain = 1, "transfer";
    TopUp = 10, "top_up";
    TopUpTax = 11, "top_up_tax";
    ProviderFee = 12, "provider_fee";
    Payout = 13, "payout";
    BankUnmatched = 14, "bank_unmatched";
    BankMatched = 15, "bank_matched";
    ArrearsPaid = 16, "arrears_paid";
    OpeningBalance = 17, "opening_balance";
    CashMoved = 18, "cash_moved";
    CreditGranted = 20, "credit_granted";
    CreditLapsed = 21, "credit_lapsed";
    UsageByCash = 30, "usage_by_cash";
    UsageByCredit = 31, "usage_by_credit";
    PromotionUsed = 32, "promotion_used";
    UsageOnDebt = 33, "usage_on_debt";
    UsageUnbilled = 34, "usage_unbilled";
    UsageCorrected = 35, "usage_corrected";
    /// Taken of a hold: what was authorised is paid for as it is done, without a charge of its own.
    UsageCaptured = 36, "usage_captured";
    BillIssued = 40, "bill_issued";
    BillPaid = 41, "bill_paid";
    BillRolled = 42, "bill_rolled";
    BillTax = 43, "bill_tax";
    /// The difference between what a bill demands, in whole minor units, and what was accrued.
    BillCarry = 44, "bill_carry";
    CouponUsed = 45, "coupon_used";
    CreditNote = 46, "credit_note";
    /// With a credit note, a refund or a chargeback.
    TaxReturned = 47, "tax_returned";
    BillPaymentReturned = 48, "bill_payment_returned";
    TermBought = 50, "term_bought";
    TermEarned = 51, "term_earned";
    UnitsBought = 52, "units_bought";
    UnitsUsed = 53, "units_used";
    PackLapsed = 54, "pack_lapsed";
    TermEnded = 55, "term_ended";
    UnitsGranted = 56, "units_granted";
    /// What a correction gives back to a pack.
    UnitsReturned = 57, "units_returned";
    RefundApproved = 60, "refund_approved";
    RefundSent = 61, "refund_sent";
    RefundFailed = 62, "refund_failed";
    Chargeback = 63, "chargeback";
    ArrearsReturned = 64, "arrears_returned";
    LateFee = 70, "late_fee";
    LateFeeWaived = 71, "late_fee_waived";
    WrittenOff = 72, "written_off";
    Recovered = 73, "recovered";
    ClosureDust = 74, "closure_dust";
    Reversal = 90, "reversal";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_chart_reads_back() {
        let codes = [
            "cash",
            "credit/welcome",
            "units/gpu",
            "deferred/order-7",
            "unbilled",
            "receivable/b-1",
            "receivable/next",
            "receivable/debt",
            "refund-due",
            "carry/standard",
            "bank",
            "provider/stripe",
            "suspense",
            "revenue/service",
            "promo-open",
            "promo-used",
            "tax/IE-23",
            "fees",
            "late-fees",
            "bad-debt",
            "breakage",
            "rounding",
            "units-out",
            "units-used",
            "opening-balances",
        ];
        for code in codes {
            assert_eq!(Chart::parse(code).expect(code).to_string(), code);
        }
        for bad in ["", "cash/usd", "credit", "credit/", "revenue", "money", "/cash"] {
            assert_eq!(Chart::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn kinds_have_numbers_and_names_of_their_own() {
        let codes: std::collections::BTreeSet<u16> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        let names: std::collections::BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!((codes.len(), names.len()), (Kind::ALL.len(), Kind::ALL.len()));
        assert!(Kind::ALL.iter().all(|kind| Kind::from_code(i64::from(kind.code())) == Some(*kind)));
    }

    #[test]
    fn amounts_are_written_with_all_their_decimals() {
        let of = |decimals| Commodity { id: CommodityId(1), code: "X".into(), kind: CommodityKind::Unit, decimals };
        assert_eq!(of(2).decimal(-12345), "-123.45");
        assert_eq!(of(8).decimal(1), "0.00000001");
        assert_eq!(of(0).decimal(-7), "-7");
        assert_eq!(of(6).decimal(i64::MIN), "-9223372036854.775808");
    }
}
