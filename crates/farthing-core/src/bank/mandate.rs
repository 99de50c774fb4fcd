//! A mandate: what a customer signed so that we may draw from their bank account. What it still allows, what the next debit is
//! called in the file, when it can be due at the earliest; and which customers may sign one (R40).
//!
//! A mandate is never changed here: one that is amended is signed anew.

use super::calendar::{business_day_from, business_days_after, is_business_day};
use super::{Follow, ReturnReason, Scheme, Sequence};
use crate::money::Money;
use crate::policy::{Countries, Country, Sepa};
use crate::time::{CivilDate, Duration, Instant, OutOfRange, Span, TimeOfDay, Zone};
use std::fmt;

/// Banks refuse a mandate that nothing was drawn by for so long.
const UNUSED_MONTHS: i64 = 36;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MandateLife {
    pub scheme: Scheme,
    pub signed: CivilDate,
    /// For one debit only.
    pub once: bool,
    /// Due days of the first debit that settled or may yet settle, and of the last one that was asked for.
    pub first_used: Option<CivilDate>,
    pub last_used: Option<CivilDate>,
    pub state: MandateState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MandateState {
    Active,
    /// A debit came back; the customer is asked before another.
    Suspended(ReturnReason),
    Revoked,
    /// It came back in a way that ends it.
    Dead(ReturnReason),
    /// Its one debit, or its last, was drawn.
    Finished,
    /// Unused for too long.
    Lapsed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MandateEvent {
    /// A debit was sent to the bank.
    Drawn { due: CivilDate, sequence: Sequence },
    /// It came back. `settled`: after the money had come.
    Returned { due: CivilDate, reason: ReturnReason, settled: bool },
    /// The customer takes it back, or an operator does for them.
    Revoked,
    /// The customer has said that it is good again.
    Resumed,
}

impl MandateLife {
    pub fn new(scheme: Scheme, signed: CivilDate, once: bool) -> MandateLife {
        MandateLife { scheme, signed, once, first_used: None, last_used: None, state: MandateState::Active }
    }

    /// What it is after that. Told twice in a row, nothing changes the second time; whoever reads statements tells each once.
    pub fn take(&mut self, event: &MandateEvent) {
        match event {
            MandateEvent::Drawn { due, sequence } => {
                self.first_used = Some(self.first_used.map_or(*due, |first| first.min(*due)));
                self.last_used = self.last_used.max(Some(*due));
                if matches!(sequence, Sequence::Final | Sequence::OneOff) && self.state == MandateState::Active {
                    self.state = MandateState::Finished;
                }
            }
            MandateEvent::Returned { due, reason, settled } => {
                // The debtor's bank has never seen what was rejected before: the next one is the first again.
                if !settled && self.first_used == Some(*due) && self.last_used == Some(*due) {
                    self.first_used = None;
                }
                self.come_back(reason, *settled);
            }
            MandateEvent::Revoked => {
                if !matches!(self.state, MandateState::Dead(_)) {
                    self.state = MandateState::Revoked;
                }
            }
            MandateEvent::Resumed => {
                if matches!(self.state, MandateState::Suspended(_)) {
                    self.state = MandateState::Active;
                }
            }
        }
    }

    fn come_back(&mut self, reason: &ReturnReason, settled: bool) {
        if matches!(self.state, MandateState::Revoked | MandateState::Dead(_)) {
            return;
        }
        match reason.follow {
            Follow::MandateDead | Follow::MethodDead => self.state = MandateState::Dead(reason.clone()),
            Follow::AskCustomer => self.state = MandateState::Suspended(reason.clone()),
            // What was to be its only debit was not drawn.
            Follow::TryLater | Follow::Correct => {
                if self.state == MandateState::Finished && !settled {
                    self.state = MandateState::Active;
                }
            }
        }
    }

    /// How it stands on a day: as it was told, but for what only time does.
    pub fn standing(&self, on: CivilDate) -> MandateState {
        let unused_since = self.last_used.unwrap_or(self.signed);
        let lapses = unused_since.add_months(UNUSED_MONTHS);
        match &self.state {
            MandateState::Active | MandateState::Suspended(_) if lapses.is_ok_and(|lapses| lapses < on) => {
                MandateState::Lapsed
            }
            told => told.clone(),
        }
    }

    /// What the next debit, due on that day, is called; none where there must be none. `last`: no other is to follow.
    ///
    /// Since November 2016 banks take a first debit that is called recurring. It is called first none the less: some look at
    /// the mandate then.
    pub fn sequence_of(&self, due: CivilDate, last: bool) -> Option<Sequence> {
        if self.standing(due) != MandateState::Active {
            return None;
        }
        Some(match self.first_used {
            _ if self.once => Sequence::OneOff,
            _ if last => Sequence::Final,
            None => Sequence::First,
            Some(_) => Sequence::Recurring,
        })
    }
}

impl fmt::Display for MandateState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MandateState::Active => out.write_str("the mandate is good"),
            MandateState::Suspended(reason) => {
                write!(out, "the customer has to say that the mandate is good: {reason}")
            }
            MandateState::Revoked => out.write_str("the mandate was revoked"),
            MandateState::Dead(reason) => write!(out, "nothing is drawn by the mandate again: {reason}"),
            MandateState::Finished => out.write_str("the last debit of the mandate was drawn"),
            MandateState::Lapsed => out.write_str("nothing was drawn by the mandate for 36 months"),
        }
    }
}

/// How long before its due day a debit has to be at the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadTimes {
    /// In business days: both are 1 by the rulebooks, and more at some banks.
    pub core_days: u16,
    pub b2b_days: u16,
    /// What is sent later in the day is sent the next.
    pub cut_off: TimeOfDay,
    /// The bank's.
    pub zone: Zone,
}

/// The first day on which a debit can be due that is sent now, and was or is announced to the customer at an instant.
pub fn earliest_due(
    scheme: Scheme,
    announced: Instant,
    pre_notification: Duration,
    lead: &LeadTimes,
    now: Instant,
) -> Result<CivilDate, OutOfRange> {
    let told = lead.zone.civil_date_of(announced.checked_add(pre_notification)?)?;
    let (today, clock) = lead.zone.wall_at(now)?;
    let sent = if is_business_day(today) && clock < lead.cut_off { today } else { business_days_after(today, 1)? };
    let days = match scheme {
        Scheme::Core => lead.core_days,
        Scheme::B2b => lead.b2b_days,
    };
    business_day_from(told.max(business_days_after(sent, days)?))
}

/// What is known of who would be drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// Where the bank account is: the first two letters of its IBAN.
    pub country: Country,
    /// What the account's running services cost an hour (R41).
    pub hourly_spend: Money,
    pub opened: Instant,
    pub now: Instant,
    /// The account's own: a month of its age is a month of its calendar.
    pub zone: Zone,
}

/// Why an account may not pay by direct debit, each in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotEligible {
    Country(Country),
    Spend {
        spend: Money,
        least: Money,
    },
    /// The policy's amount is in another currency.
    SpendCurrency {
        spend: Money,
        least: Money,
    },
    /// From then on it is old enough; none: never.
    Age {
        least: Span,
        from: Option<Instant>,
    },
}

/// R40: asked at set-up and before each debit. Everything that stands against it, not only the first.
pub fn eligible(policy: &Sepa, facts: &Eligibility) -> Result<(), Vec<NotEligible>> {
    let mut against = Vec::new();
    let country = match &policy.countries {
        Countries::Sepa => is_sepa(facts.country),
        Countries::These(countries) => countries.contains(&facts.country),
    };
    if !country {
        against.push(NotEligible::Country(facts.country));
    }
    if let Some(least) = policy.min_hourly_spend {
        let spend = facts.hourly_spend;
        match spend.checked_cmp(least) {
            Ok(order) if order.is_ge() => {}
            Ok(_) => against.push(NotEligible::Spend { spend, least }),
            Err(_) => against.push(NotEligible::SpendCurrency { spend, least }),
        }
    }
    if let Some(least) = policy.min_account_age {
        let from = least.end_from(facts.opened, &facts.zone).ok();
        if from.is_none_or(|from| facts.now < from) {
            against.push(NotEligible::Age { least, from });
        }
    }
    if against.is_empty() { Ok(()) } else { Err(against) }
}

/// The SEPA area by the first letters of an IBAN, as the European Payments Council's list (EPC409-09) had it in January 2026: the
/// European Economic Area; Switzerland, the United Kingdom with Gibraltar, Monaco, San Marino, Andorra, the Vatican; Albania and
/// Montenegro (November 2024), Moldova and North Macedonia (October 2025), Serbia (May 2026). The Channel Islands and the Isle of
/// Man have British IBANs, the French overseas departments French ones.
const SEPA: [&[u8; 2]; 42] = [
    b"AD", b"AL", b"AT", b"BE", b"BG", b"CH", b"CY", b"CZ", b"DE", b"DK", b"EE", b"ES", b"FI", b"FR", b"GB", b"GI",
    b"GR", b"HR", b"HU", b"IE", b"IS", b"IT", b"LI", b"LT", b"LU", b"LV", b"MC", b"MD", b"ME", b"MK", b"MT", b"NL",
    b"NO", b"PL", b"PT", b"RO", b"RS", b"SE", b"SI", b"SK", b"SM", b"VA",
];

pub fn is_sepa(country: Country) -> bool {
    SEPA.contains(&&country.0)
}

impl fmt::Display for NotEligible {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotEligible::Country(country) => {
                write!(out, "no direct debits are drawn from bank accounts in {country}; pay in another way")
            }
            NotEligible::Spend { spend, least } => write!(
                out,
                "direct debit is for accounts that spend at least {least} an hour, and this one spends {spend}"
            ),
            NotEligible::SpendCurrency { spend, least } => {
                write!(out, "what this account spends, {spend}, cannot be compared with {least}; ask the operator")
            }
            NotEligible::Age { least, from: Some(from) } => {
                write!(out, "direct debit is for accounts at least {least} old, which this one is from {from} on")
            }
            NotEligible::Age { least, from: None } => write!(out, "direct debit is for accounts at least {least} old"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn date(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn mandate() -> MandateLife {
        MandateLife::new(Scheme::Core, date("2026-01-15"), false)
    }

    fn drawn(due: &str, sequence: Sequence) -> MandateEvent {
        MandateEvent::Drawn { due: date(due), sequence }
    }

    fn returned(due: &str, code: &str, settled: bool) -> MandateEvent {
        MandateEvent::Returned { due: date(due), reason: ReturnReason::of(code), settled }
    }

    #[test]
    fn the_first_is_first_until_it_has_gone_through() {
        let mut mandate = mandate();
        let next = |mandate: &MandateLife| mandate.sequence_of(date("2026-06-01"), false);
        assert_eq!(next(&mandate), Some(Sequence::First));
        mandate.take(&drawn("2026-02-02", Sequence::First));
        assert_eq!(next(&mandate), Some(Sequence::Recurring));
        mandate.take(&returned("2026-02-02", "TM01", false));
        assert_eq!(next(&mandate), Some(Sequence::First), "it was rejected before it settled");
        mandate.take(&drawn("2026-03-02", Sequence::First));
        mandate.take(&returned("2026-03-02", "AM04", true));
        assert_eq!(next(&mandate), Some(Sequence::Recurring), "it had settled, and came back");
        assert_eq!(mandate.sequence_of(date("2026-06-01"), true), Some(Sequence::Final));
        mandate.take(&drawn("2026-06-01", Sequence::Final));
        assert_eq!((next(&mandate), mandate.state), (None, MandateState::Finished));
    }

    #[test]
    fn for_one_debit_only() {
        let mut mandate = MandateLife::new(Scheme::B2b, date("2026-01-15"), true);
        assert_eq!(mandate.sequence_of(date("2026-02-02"), false), Some(Sequence::OneOff));
        mandate.take(&drawn("2026-02-02", Sequence::OneOff));
        assert_eq!(mandate.sequence_of(date("2026-03-02"), false), None);
        mandate.take(&returned("2026-02-02", "ED05", false));
        assert_eq!(mandate.sequence_of(date("2026-03-02"), false), Some(Sequence::OneOff), "nothing was drawn");
    }

    #[test]
    fn unused_for_36_months_it_lapses() {
        let mut mandate = mandate();
        assert_eq!(mandate.standing(date("2029-01-15")), MandateState::Active);
        assert_eq!(mandate.standing(date("2029-01-16")), MandateState::Lapsed);
        mandate.take(&drawn("2026-03-31", Sequence::First));
        assert_eq!(mandate.standing(date("2029-03-31")), MandateState::Active);
        assert_eq!(mandate.sequence_of(date("2029-04-01"), false), None);
        assert_eq!(MandateState::Lapsed.to_string(), "nothing was drawn by the mandate for 36 months");
    }

    #[test]
    fn returns_suspend_it_or_end_it() {
        let check = |code: &str, told: &str, after_resumed: bool| {
            let mut mandate = mandate();
            mandate.take(&drawn("2026-02-02", Sequence::First));
            mandate.take(&returned("2026-02-02", code, true));
            assert_eq!(mandate.standing(date("2026-02-10")).to_string(), told, "{code}");
            mandate.take(&MandateEvent::Resumed);
            assert_eq!(mandate.sequence_of(date("2026-03-02"), false).is_some(), after_resumed, "{code}");
        };
        check("AM04", "the mandate is good", true);
        check(
            "MD06",
            "the customer has to say that the mandate is good: the customer took it back within eight weeks (MD06)",
            true,
        );
        check("AC04", "nothing is drawn by the mandate again: the account is closed (AC04)", false);
        let mut mandate = mandate();
        mandate.take(&MandateEvent::Revoked);
        mandate.take(&returned("2026-02-02", "AM04", true));
        assert_eq!(mandate.state, MandateState::Revoked);
    }

    #[test]
    fn the_earliest_due_day() {
        let lead = LeadTimes {
            core_days: 1,
            b2b_days: 1,
            cut_off: TimeOfDay::parse("12:00").unwrap(),
            zone: Zone::parse("Europe/Berlin").unwrap(),
        };
        let due = |announced: &str, days: u32, now: &str| {
            let ahead = Duration::from_seconds(days * 86_400);
            earliest_due(Scheme::Core, at(announced), ahead, &lead, at(now)).unwrap().to_string()
        };
        // A Tuesday, before and after noon in Berlin.
        assert_eq!(due("2026-08-18T09:00:00Z", 0, "2026-08-18T09:59:59Z"), "2026-08-19");
        assert_eq!(due("2026-08-18T09:00:00Z", 0, "2026-08-18T10:00:00Z"), "2026-08-20");
        assert_eq!(due("2026-08-14T09:00:00Z", 0, "2026-08-14T09:00:00Z"), "2026-08-17", "a Friday");
        assert_eq!(due("2026-08-15T06:00:00Z", 0, "2026-08-15T06:00:00Z"), "2026-08-18", "a Saturday: sent on Monday");
        assert_eq!(due("2026-04-02T06:00:00Z", 0, "2026-04-02T06:00:00Z"), "2026-04-07", "over Easter");
        assert_eq!(due("2026-08-18T09:00:00Z", 14, "2026-08-18T09:00:00Z"), "2026-09-01");
        assert_eq!(due("2026-08-16T09:00:00Z", 14, "2026-08-18T09:00:00Z"), "2026-08-31", "a Sunday is moved on");
        assert_eq!(due("2026-08-01T09:00:00Z", 14, "2026-08-18T09:00:00Z"), "2026-08-19", "announced long ago");
    }

    fn policy() -> Sepa {
        Sepa {
            places: crate::config::Places::default(),
            countries: Countries::Sepa,
            min_hourly_spend: Some(Money::from_minor(15, Currency::USD).unwrap()),
            min_account_age: Some(Span::parse("1mo").unwrap()),
            pre_notification: Duration::from_seconds(14 * 86_400),
        }
    }

    fn facts(country: &str, cents: i64, now: &str) -> Eligibility {
        let letters = country.as_bytes();
        Eligibility {
            country: Country([letters[0], letters[1]]),
            hourly_spend: Money::from_minor(cents, Currency::USD).unwrap(),
            opened: at("2026-01-31T12:00:00Z"),
            now: at(now),
            zone: Zone::UTC,
        }
    }

    /// R40: in the SEPA area, 0.15 an hour, a calendar month old.
    #[test]
    fn r40_who_may_pay_by_direct_debit() {
        let told = |facts: Eligibility| {
            let against = eligible(&policy(), &facts).err().unwrap_or_default();
            against.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ")
        };
        let march = "2026-03-01T00:00:00Z";
        assert_eq!(told(facts("DE", 15, march)), "");
        for country in ["GB", "CH", "MC", "SM", "AD", "VA", "IS", "LI", "NO", "MD", "RS"] {
            assert_eq!(told(facts(country, 15, march)), "", "{country}");
        }
        assert_eq!(
            told(facts("US", 14, "2026-02-28T11:59:59Z")),
            "no direct debits are drawn from bank accounts in US; pay in another way; \
             direct debit is for accounts that spend at least 0.15 USD an hour, and this one spends 0.14 USD; \
             direct debit is for accounts at least 1mo old, which this one is from 2026-02-28T12:00:00Z on"
        );
        assert_eq!(told(facts("DE", 15, "2026-02-28T12:00:00Z")), "", "the last day of a shorter month");
        let only = Sepa { countries: Countries::These(vec![Country(*b"FR")]), min_hourly_spend: None, ..policy() };
        assert!(eligible(&only, &facts("FR", 0, march)).is_ok());
        assert!(eligible(&only, &facts("DE", 0, march)).is_err());
    }

    #[test]
    fn the_sepa_area_is_sorted() {
        assert!(SEPA.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
