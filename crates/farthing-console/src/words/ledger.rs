//! The ledger's codes in words: accounts, classes, flags. One place, so that pages agree; kinds of transfers are the texts' `transfer`.

use super::Language;
use farthing_core::ledger::{Chart, Class, Flags};

/// `credit/welcome` is "Free credit: welcome". A code that is not of the chart is shown as it is.
pub(crate) fn account(language: Language, code: &str) -> String {
    let Some(chart) = Chart::parse(code) else { return code.to_owned() };
    let (key, name) = named(&chart);
    let words = language.word("ledger", key);
    match name {
        Some(name) => language.with("ledger_named", &[("what", &words), ("name", &name)]),
        None => words,
    }
}

/// What accounts of many customers are added up under: `credit/trial` and `credit/welcome` are both "Free credit".
pub(crate) fn account_group(language: Language, code: &str) -> String {
    let Some(chart) = Chart::parse(code) else { return code.to_owned() };
    language.word("ledger", named(&chart).0)
}

/// Its key in the texts, and what it is of.
fn named(chart: &Chart) -> (&'static str, Option<String>) {
    let of = |name: &dyn ToString| Some(name.to_string());
    match chart {
        Chart::Cash => ("cash", None),
        Chart::Credit(grant) => ("credit", of(grant)),
        Chart::Units(pack) => ("units", of(pack)),
        Chart::Deferred(order) => ("deferred", of(order)),
        Chart::Unbilled => ("unbilled", None),
        Chart::Receivable(bill) => ("receivable", of(bill)),
        Chart::ReceivableNext => ("receivable_next", None),
        Chart::ReceivableDebt => ("receivable_debt", None),
        Chart::RefundDue => ("refund_due", None),
        Chart::Carry(group) => ("carry", of(group)),
        Chart::Bank => ("bank", None),
        Chart::Provider(provider) => ("provider", of(provider)),
        Chart::Suspense => ("suspense", None),
        Chart::Revenue(product) => ("revenue", of(product)),
        Chart::PromoOpen => ("promo_open", None),
        Chart::PromoUsed => ("promo_used", None),
        Chart::Tax(rate) => ("tax", of(rate)),
        Chart::Fees => ("fees", None),
        Chart::LateFees => ("late_fees", None),
        Chart::BadDebt => ("bad_debt", None),
        Chart::Breakage => ("breakage", None),
        Chart::Rounding => ("rounding", None),
        Chart::UnitsOut => ("units_out", None),
        Chart::UnitsUsed => ("units_used", None),
        Chart::OpeningBalances => ("opening_balances", None),
    }
}

pub(crate) fn class(language: Language, code: &str) -> String {
    let name = match Chart::parse(code).map(|chart| chart.class()) {
        Some(Class::Asset) => "asset",
        Some(Class::Liability) => "liability",
        Some(Class::Income) => "income",
        Some(Class::Expense) => "expense",
        Some(Class::Equity) => "equity",
        None => "unknown",
    };
    language.word("ledger_class", name)
}

/// What a booked transfer has to be looked at for.
pub(crate) fn flags(language: Language, flags: Flags) -> Vec<String> {
    let known = [
        (Flags::FLOOR_PASSED, "floor_passed"),
        (Flags::ABOVE_HOLD, "above_hold"),
        (Flags::AFTER_EXPIRY, "after_expiry"),
    ];
    let told = known.into_iter().filter(|(flag, _)| flags.has(*flag));
    told.map(|(_, name)| language.word("ledger_flag", name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::ledger::Kind;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_of_transfer_has_words_of_its_own() {
        for language in Language::ALL {
            let words: BTreeSet<String> = Kind::ALL.iter().map(|of| language.word("transfer", of.name())).collect();
            let said = Kind::ALL.iter().all(|of| language.find(&format!("transfer.{}", of.name())).is_some());
            assert!(said && words.len() + 3 > Kind::ALL.len(), "{words:?}");
        }
    }

    #[test]
    fn accounts_are_named_and_grouped() {
        assert_eq!(account(Language::En, "credit/welcome"), "Free credit: welcome");
        assert_eq!(account(Language::Zh, "credit/welcome"), "赠金：welcome");
        assert_eq!(account_group(Language::En, "credit/welcome"), "Free credit");
        assert_eq!(account_group(Language::En, "receivable/bill-7"), "Bill");
        assert_eq!(account_group(Language::En, "receivable/debt"), "Debt");
        assert_eq!(account(Language::En, "no such"), "no such");
        assert_eq!(class(Language::En, "no such"), "Unknown");
    }
}
