//! What a scenario expects: subjects, how they are compared, and whether what was found is that.
//!
//! Reading the words is `read.rs`'s, asking the stage `run.rs`'s.

use super::stage::{About, Bill, BillPart, CostsAsked, Figure, PageAsked, QuotaAsked, Thing};
use farthing_core::money::{Rounding, div_round};
use farthing_core::time::Instant;
use std::cmp::Ordering;
use std::fmt;

/// The body of an `expect`: what must be so, or what `wait until` waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Compare(Comparison),
    LedgerBalanced,
    Sent { account: String, kind: String, contains: Option<String> },
    NothingSent { kind: Option<String> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub subject: Subject,
    pub how: How,
    pub value: Value,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Figure(Figure, About),
    Units(About),
    Charges(About),
    State(Thing, String),
    Bill(Bill, BillPart),
    Quota(QuotaAsked),
    /// Of the cloud's bank.
    Suspense,
    /// What was estimated last.
    Estimate,
    /// What a grant of an account has paid for.
    History {
        account: String,
        grant: String,
    },
    /// Costs looked at as the console and the API show them.
    Costs(Box<CostsAsked>),
    /// What stands on a page of the console.
    Page(PageAsked),
    /// Rows of an exported file, or the sum of one of its columns.
    Export {
        name: String,
        column: Option<String>,
    },
    Clock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `=`: rounded half-even to the decimals written; of words the same as `is`.
    Equals,
    /// `==`
    Exactly,
    Below,
    AtMost,
    Is,
    Contains,
    /// Is there, and does not contain it.
    Lacks,
}

/// What was written behind the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(Decimal),
    Time(Instant),
    Word(String),
}

/// A decimal as it is written: `digits / 10^decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    pub digits: i128,
    pub decimals: u32,
}

/// What was found where the subject stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// With how it is called, `USD` say.
    Number(Decimal, String),
    Time(Instant),
    Word(String),
    Lines(Vec<String>),
}

/// The kinds of message that `expect sent` knows.
pub const KINDS: [&str; 45] = [
    "payment_disputed",
    "bill_disputed",
    "invoice_issued",
    "invoice_requested",
    "invoice_late",
    "invoice_refused",
    "dispute_ended",
    "term_expired",
    "renewal_failed",
    "order_expired",
    "order_voided",
    "outage_voided",
    "outage_withdrawn",
    "refund_sent",
    "method_failed",
    "credit_expiring",
    "bill_due",
    "restored",
    "debit_announced",
    "low_balance",
    "ran_out",
    "runway",
    "step_notice",
    "suspended",
    "resumed",
    "deleted",
    "purged",
    "bill_issued",
    "receipt",
    "credit_note",
    "statement",
    "payment_failed",
    "method_expiring",
    "refill_off",
    "charge_waived",
    "wallet_low",
    "units_added",
    "units_used_up",
    "units_lapsed",
    "trial_ending",
    "space_grace",
    "payment_action",
    "topped_up",
    "export_ready",
    "budget",
];

/// The states a thing can be in.
pub const STATES: [&str; 24] = [
    "refused",
    "refunded",
    "refunded_in_part",
    "succeeded",
    "unknown",
    "failed",
    "asked",
    "approved",
    "sent",
    "pending",
    "running",
    "stopped",
    "suspended",
    "locked",
    "deleted",
    "purged",
    "expired",
    "paused",
    "converted",
    "due",
    "provisioning",
    "active",
    "voided",
    "cancelled",
];

impl Comparison {
    /// Where what was found lies: `Equal` where the comparison holds, `Less` below what would hold, `Greater` above it. What
    /// has no order is `Less` where it does not hold.
    pub fn side(&self, found: &Found) -> Ordering {
        if let (How::Contains, Value::Word(wanted)) = (self.how, &self.value) {
            return if found.contains(wanted) { Ordering::Equal } else { Ordering::Less };
        }
        if let (How::Lacks, Value::Word(unwanted)) = (self.how, &self.value) {
            return if found.contains(unwanted) { Ordering::Less } else { Ordering::Equal };
        }
        let order = match (found, &self.value) {
            (Found::Number(found, _), Value::Number(wanted)) if self.how == How::Equals => {
                found.rounded(wanted.decimals).compare(*wanted)
            }
            (Found::Number(found, _), Value::Number(wanted)) => found.compare(*wanted),
            (Found::Time(found), Value::Time(wanted)) => found.cmp(wanted),
            (Found::Word(found), Value::Word(wanted)) => {
                return if found == wanted { Ordering::Equal } else { Ordering::Less };
            }
            (Found::Lines(lines), Value::Number(wanted)) => {
                Decimal { digits: i128::try_from(lines.len()).unwrap_or(i128::MAX), decimals: 0 }.compare(*wanted)
            }
            _ => return Ordering::Less,
        };
        match self.how {
            How::Below if order == Ordering::Less => Ordering::Equal,
            How::Below => Ordering::Greater,
            How::AtMost if order != Ordering::Greater => Ordering::Equal,
            _ => order,
        }
    }

    /// It may come true with nothing but time, between two instants at which something happens.
    pub fn moves_with_time(&self) -> bool {
        match self.subject {
            Subject::Figure(..) | Subject::Units(_) | Subject::Charges(_) | Subject::Clock => {
                !matches!(self.how, How::Contains | How::Lacks)
            }
            Subject::State(..)
            | Subject::Bill(..)
            | Subject::Quota(_)
            | Subject::Suspense
            | Subject::Estimate
            | Subject::Costs(_)
            | Subject::Page(_)
            | Subject::History { .. }
            | Subject::Export { .. } => false,
        }
    }

    /// What was found, as far as it matters here: with `=` also as it is rounded.
    pub fn told(&self, found: &Found) -> String {
        match (found, &self.value) {
            (Found::Number(number, unit), Value::Number(wanted)) => {
                let rounded = number.rounded(wanted.decimals);
                let exact = format!("{number} {unit}");
                let exact = exact.trim_end();
                if self.how == How::Equals && rounded.compare(*number) != Ordering::Equal {
                    format!("{rounded} (exactly {exact})")
                } else {
                    exact.to_owned()
                }
            }
            (Found::Lines(lines), Value::Number(_)) => format!("{} lines", lines.len()),
            _ => found.to_string(),
        }
    }
}

impl Found {
    /// As it is printed; of lines one of them.
    fn contains(&self, wanted: &str) -> bool {
        match self {
            Found::Lines(lines) => lines.iter().any(|line| line.contains(wanted)),
            other => other.to_string().contains(wanted),
        }
    }
}

impl Decimal {
    /// Without the zeros at the end that are not among the first `least` decimals.
    #[must_use]
    pub fn shortened(self, least: u32) -> Decimal {
        let mut short = self;
        while short.decimals > least && short.digits % 10 == 0 {
            short = Decimal { digits: short.digits / 10, decimals: short.decimals - 1 };
        }
        short
    }

    /// Half-even to so many decimals; what has fewer stays as it is.
    #[must_use]
    pub fn rounded(self, decimals: u32) -> Decimal {
        let one = self.decimals.checked_sub(decimals).and_then(|more| 10_i128.checked_pow(more));
        match one.and_then(|one| div_round(self.digits, one, Rounding::HalfEven).ok()) {
            Some(digits) => Decimal { digits, decimals },
            None => self,
        }
    }

    /// By value: 1.5 is 1.50, and -0.00 is 0.
    pub fn compare(self, other: Decimal) -> Ordering {
        let scaled = |number: Decimal, to: u32| {
            10_i128.checked_pow(to - number.decimals).and_then(|factor| number.digits.checked_mul(factor))
        };
        let most = self.decimals.max(other.decimals);
        match (scaled(self, most), scaled(other, most)) {
            (Some(one), Some(two)) => one.cmp(&two),
            // One of them does not fit: it is the larger by its size.
            (None, _) => self.digits.cmp(&0),
            (_, None) => 0.cmp(&other.digits),
        }
    }

    /// Reads `5`, `-0.50`, `1,234.5`.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (below, number) = text.strip_prefix('-').map_or((false, text), |number| (true, number));
        let (whole, fraction) = match number.split_once('.') {
            Some((_, "")) => return None,
            Some((whole, fraction)) => (whole, fraction),
            None => (number, ""),
        };
        let groups: Vec<&str> = whole.split(',').collect();
        let grouped = groups.len() == 1 || groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3);
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !grouped || !groups.iter().all(|group| digits(group)) || !(fraction.is_empty() || digits(fraction)) {
            return None;
        }
        let digits: i128 = format!("{}{fraction}", groups.concat()).parse().ok()?;
        let decimals = u32::try_from(fraction.len()).ok().filter(|decimals| *decimals <= 18)?;
        Some(Decimal { digits: if below { -digits } else { digits }, decimals })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs().to_string();
        let decimals = self.decimals as usize;
        let digits = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let point = if decimals == 0 { "" } else { "." };
        write!(out, "{sign}{whole}{point}{fraction}")
    }
}

impl fmt::Display for How {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            How::Equals => "=",
            How::Exactly => "==",
            How::Below => "<",
            How::AtMost => "<=",
            How::Is => "is",
            How::Contains => "contains",
            How::Lacks => "lacks",
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => number.fmt(out),
            Value::Time(at) => at.fmt(out),
            Value::Word(word) => out.write_str(word),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Number(number, unit) if unit.is_empty() => number.fmt(out),
            Found::Number(number, unit) => write!(out, "{number} {unit}"),
            Found::Time(at) => at.fmt(out),
            Found::Word(word) => out.write_str(word),
            Found::Lines(lines) if lines.is_empty() => out.write_str("nothing"),
            Found::Lines(lines) => out.write_str(&lines.join(" / ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn numbers_are_compared_as_they_are_written() {
        let check = |found: &str, how: How, wanted: &str, side: Ordering| {
            let subject = Subject::Figure(Figure::Balance, About::account("acme"));
            let comparison = Comparison { subject, how, value: Value::Number(number(wanted)) };
            let found = Found::Number(number(found), "USD".to_owned());
            assert_eq!(comparison.side(&found), side, "{found} {how} {wanted}");
        };
        use Ordering::{Equal, Greater, Less};
        check("5.80000000", How::Equals, "5.80", Equal);
        check("5.80499999", How::Equals, "5.80", Equal);
        check("5.80500000", How::Equals, "5.80", Equal); // half to even
        check("5.81500000", How::Equals, "5.82", Equal);
        check("5.80500001", How::Equals, "5.80", Greater);
        check("5.79499999", How::Equals, "5.80", Less);
        check("-0.00100000", How::Equals, "0.00", Equal);
        check("-0.00100000", How::Equals, "-0.00", Equal);
        check("-0.00100000", How::Exactly, "0.00", Less);
        check("5.80000000", How::Exactly, "5.8", Equal);
        check("5.80000001", How::Exactly, "5.80", Greater);
        check("0.12345678", How::Equals, "0.1234567800", Equal);
        check("0.00999999", How::Below, "0.01", Equal);
        check("0.01000000", How::Below, "0.01", Greater);
        check("0.01000000", How::AtMost, "0.01", Equal);
        check("0.01000001", How::AtMost, "0.01", Greater);
        check("1234.5", How::Equals, "1,234.5", Equal);
        check("170141183460469231731687303715884105727", How::Below, "0.5", Greater);
        check("-170141183460469231731687303715884105727", How::Below, "0.5", Equal);
    }

    #[test]
    fn numbers_are_read_and_printed() {
        let check = |text: &str, printed: Option<&str>| {
            assert_eq!(Decimal::parse(text).map(|number| number.to_string()).as_deref(), printed, "{text}");
        };
        check("5.80", Some("5.80"));
        check("-0.05", Some("-0.05"));
        check("-0.00", Some("0.00"));
        check("1,234", Some("1234"));
        check("12,34", None);
        check("5.", None);
        check(".5", None);
        check("five", None);
        check("", None);
        check("0.1234567890123456789", None);
        assert_eq!(number("5.80000000").shortened(2).to_string(), "5.80");
        assert_eq!(number("5.80100000").shortened(2).to_string(), "5.801");
    }
}
