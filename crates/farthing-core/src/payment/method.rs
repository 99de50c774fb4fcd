//! Methods: what the customer pays with. Which of them pays, and when to say that one is about to end.

use super::MethodId;
use crate::policy::{Channel, Funding};
use crate::time::{Duration, Instant};
use std::fmt;

/// What is known of a method. Never its number: only what the provider calls it, and how its owner knows it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodFacts {
    /// What the provider calls it.
    pub token: String,
    pub channel: Channel,
    /// Such as `visa`; of an account at a bank, the bank.
    pub brand: String,
    /// The last characters that its owner knows it by.
    pub last4: String,
    pub expires: Option<Expiry>,
    /// Where it was issued, two letters; may be empty.
    pub country: String,
    pub funding: Option<Funding>,
    /// The same for the same card, whoever brings it; may be empty.
    pub fingerprint: String,
}

/// A card is good until the end of this month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expiry {
    pub year: i16,
    pub month: i8,
}

impl Expiry {
    /// `2027-03`.
    pub fn parse(text: &str) -> Option<Expiry> {
        let (year, month) = text.split_once('-')?;
        let (year, month) = (year.parse().ok()?, month.parse().ok()?);
        ((1..=12).contains(&month) && (1970..=9999).contains(&year)).then_some(Expiry { year, month })
    }

    /// When it is over: the first instant of the next month, by the calendar of UTC.
    pub fn end(self) -> Option<Instant> {
        let (year, month) =
            if self.month == 12 { (self.year.checked_add(1)?, 1) } else { (self.year, self.month.checked_add(1)?) };
        Instant::parse(&format!("{year:04}-{month:02}-01T00:00:00Z")).ok()
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)
    }
}

super::words! {
    /// Whether it can be charged.
    MethodStanding {
        /// The customer has something to finish.
        Waiting = "waiting",
        Ready = "ready",
        /// It could not be set up.
        Failed = "failed",
        /// Removed by the customer, or detached by the provider.
        Gone = "gone",
    }
}

/// What decides whether a method may be charged while its owner is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usable {
    pub id: MethodId,
    pub standing: MethodStanding,
    /// The owner agreed to be charged later.
    pub consented: bool,
    /// The lowest is the default, the next the first to fall back to.
    pub rank: i64,
    pub expires: Option<Expiry>,
}

/// The methods that may be charged now, in the order in which they are tried (R15, R54). `backup`: not only the first.
pub fn choose(methods: &[Usable], backup: bool, now: Instant) -> Vec<MethodId> {
    let good = |method: &&Usable| {
        let over = method.expires.and_then(Expiry::end).is_some_and(|end| end <= now);
        method.standing == MethodStanding::Ready && method.consented && !over
    };
    let mut able: Vec<&Usable> = methods.iter().filter(good).collect();
    able.sort_by_key(|method| (method.rank, method.id));
    let most = if backup { able.len() } else { 1 };
    able.into_iter().take(most).map(|method| method.id).collect()
}

/// When its owner is told next, after an instant, that a method is about to end.
pub fn notice_after(expires: Expiry, before: &[Duration], after: Instant) -> Option<Instant> {
    let end = expires.end()?;
    before.iter().filter_map(|ahead| end.checked_sub(*ahead).ok()).filter(|at| *at > after).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn method(number: u8, rank: i64, expires: Option<&str>) -> Usable {
        let expires = expires.map(|text| Expiry::parse(text).unwrap());
        Usable {
            id: MethodId::from_bytes([number; 16]),
            standing: MethodStanding::Ready,
            consented: true,
            rank,
            expires,
        }
    }

    #[test]
    fn the_default_first_then_those_behind_it() {
        let now = at("2027-04-01T00:00:00Z");
        // A card of March 2027 is good until the last second of March.
        let methods = [method(1, 0, Some("2027-03")), method(2, 2, None), method(3, 1, Some("2027-04"))];
        let ids = |chosen: Vec<MethodId>| chosen.iter().map(|id| id.to_bytes()[0]).collect::<Vec<u8>>();
        assert_eq!(ids(choose(&methods, true, now)), [3, 2]);
        assert_eq!(ids(choose(&methods, false, now)), [3]);
        assert_eq!(ids(choose(&methods, false, at("2027-03-31T23:59:59Z"))), [1]);
        let without = Usable { consented: false, ..method(4, 0, None) };
        assert!(choose(&[without], true, now).is_empty(), "nobody is charged who did not agree to it");
    }

    #[test]
    fn each_notice_at_its_time() {
        let expiry = Expiry::parse("2027-03").unwrap();
        let days = |count: i64| Duration::try_from_seconds(count * 86_400).unwrap();
        let next = |after: &str| notice_after(expiry, &[days(30), days(7)], at(after));
        assert_eq!(next("2026-11-20T12:00:00Z"), Some(at("2027-03-02T00:00:00Z")), "30 days before 1 April");
        assert_eq!(next("2027-03-02T00:00:00Z"), Some(at("2027-03-25T00:00:00Z")));
        assert_eq!(next("2027-03-25T00:00:00Z"), None);
    }
}
