//! The ledger's codes in words: kinds of transfer, accounts, classes, flags. One place, so that pages agree.

use farthing_core::ledger::{Chart, Class, Flags, Kind};

pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Plain => "Transfer",
        Kind::TopUp => "Top-up",
        Kind::TopUpTax => "Tax on a top-up",
        Kind::ProviderFee => "Provider's fee",
        Kind::Payout => "Payout to the bank",
        Kind::BankUnmatched => "Bank money, not matched yet",
        Kind::BankMatched => "Bank money matched",
        Kind::ArrearsPaid => "Arrears paid",
        Kind::OpeningBalance => "Opening balance",
        Kind::CashMoved => "Moved between an account and a wallet in it",
        Kind::CreditGranted => "Free credit granted",
        Kind::CreditLapsed => "Free credit lapsed",
        Kind::UsageByCash => "Usage, paid by cash",
        Kind::UsageByCredit => "Usage, paid by free credit",
        Kind::PromotionUsed => "Free credit used",
        Kind::UsageOnDebt => "Usage, on debt",
        Kind::UsageUnbilled => "Usage, not billed yet",
        Kind::UsageCorrected => "Usage corrected",
        Kind::UsageCaptured => "Authorised usage captured",
        Kind::BillIssued => "Bill issued",
        Kind::BillPaid => "Bill paid",
        Kind::BillRolled => "Bill brought forward",
        Kind::BillTax => "Tax on a bill",
        Kind::BillCarry => "Rounding of a bill",
        Kind::CouponUsed => "Coupon used",
        Kind::CreditNote => "Credit note",
        Kind::TaxReturned => "Tax returned",
        Kind::BillPaymentReturned => "Payment of a bill returned",
        Kind::TermBought => "Term bought",
        Kind::TermEarned => "Term earned",
        Kind::UnitsBought => "Units bought",
        Kind::UnitsUsed => "Units used",
        Kind::UnitsGranted => "Units given",
        Kind::UnitsReturned => "Units given back",
        Kind::PackLapsed => "Pack lapsed",
        Kind::TermEnded => "Term ended early",
        Kind::RefundApproved => "Refund approved",
        Kind::RefundSent => "Refund sent",
        Kind::RefundFailed => "Refund failed",
        Kind::Chargeback => "Chargeback",
        Kind::ArrearsReturned => "Arrears returned",
        Kind::LateFee => "Late fee",
        Kind::LateFeeWaived => "Late fee waived",
        Kind::WrittenOff => "Written off",
        Kind::Recovered => "Recovered",
        Kind::ClosureDust => "Rest at closure",
        Kind::Reversal => "Reversal",
    }
}

/// `credit/welcome` is "Free credit: welcome". A code that is not of the chart is shown as it is.
pub(crate) fn account(code: &str) -> String {
    let Some(chart) = Chart::parse(code) else { return code.to_owned() };
    match chart {
        Chart::Cash => "Cash".into(),
        Chart::Credit(grant) => format!("Free credit: {grant}"),
        Chart::Units(pack) => format!("Units: {pack}"),
        Chart::Deferred(order) => format!("Paid ahead: {order}"),
        Chart::Unbilled => "Not billed yet".into(),
        Chart::Receivable(bill) => format!("Bill {bill}"),
        Chart::ReceivableNext => "Brought forward".into(),
        Chart::ReceivableDebt => "Debt".into(),
        Chart::RefundDue => "Refund on its way".into(),
        Chart::Carry(group) => format!("Carried cents: {group}"),
        Chart::Bank => "Bank".into(),
        Chart::Provider(provider) => format!("Payment provider: {provider}"),
        Chart::Suspense => "Unmatched bank money".into(),
        Chart::Revenue(product) => format!("Revenue: {product}"),
        Chart::PromoOpen => "Free credit outstanding".into(),
        Chart::PromoUsed => "Free credit used".into(),
        Chart::Tax(rate) => format!("Tax: {rate}"),
        Chart::Fees => "Provider's fees".into(),
        Chart::LateFees => "Late fees".into(),
        Chart::BadDebt => "Bad debt".into(),
        Chart::Breakage => "Lapsed packs".into(),
        Chart::Rounding => "Rounding".into(),
        Chart::UnitsOut => "Units outstanding".into(),
        Chart::UnitsUsed => "Units used".into(),
        Chart::OpeningBalances => "Opening balances".into(),
    }
}

/// What accounts of many customers are added up under: `credit/trial` and `credit/welcome` are both "Free credit".
pub(crate) fn account_group(code: &str) -> String {
    let words = account(code);
    match Chart::parse(code) {
        Some(Chart::Receivable(_)) => "Bills".into(),
        Some(Chart::Credit(_) | Chart::Units(_) | Chart::Deferred(_) | Chart::Carry(_)) => {
            words.split(':').next().unwrap_or_default().to_owned()
        }
        _ => words,
    }
}

pub(crate) fn class(code: &str) -> &'static str {
    match Chart::parse(code).map(|chart| chart.class()) {
        Some(Class::Asset) => "Asset",
        Some(Class::Liability) => "Liability",
        Some(Class::Income) => "Income",
        Some(Class::Expense) => "Expense",
        Some(Class::Equity) => "Equity",
        None => "Unknown",
    }
}

/// What a booked transfer has to be looked at for.
pub(crate) fn flags(flags: Flags) -> Vec<&'static str> {
    let known = [
        (Flags::FLOOR_PASSED, "it left its account below the floor, or below what is held"),
        (Flags::ABOVE_HOLD, "more was captured than the hold reserved"),
        (Flags::AFTER_EXPIRY, "it was captured after the hold had expired"),
    ];
    known.into_iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, words)| words).collect()
}

/// Small numbers as words, for the beginning of a sentence.
pub(crate) fn count(number: usize) -> String {
    const WORDS: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    WORDS.get(number).map_or_else(|| crate::grouped(number as u64), |word| (*word).to_owned())
}

/// "customer", "customers"
pub(crate) fn plural(number: usize, one: &str) -> String {
    if number == 1 { one.to_owned() } else { format!("{one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_words_of_its_own() {
        let words: BTreeSet<&str> = Kind::ALL.iter().map(|of| kind(*of)).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }

    #[test]
    fn accounts_are_named_and_grouped() {
        assert_eq!(account("credit/welcome"), "Free credit: welcome");
        assert_eq!(account_group("credit/welcome"), "Free credit");
        assert_eq!(account_group("receivable/bill-7"), "Bills");
        assert_eq!(account_group("receivable/debt"), "Debt");
        assert_eq!((account("no such"), class("no such")), ("no such".to_owned(), "Unknown"));
    }
}
