//! What becomes of a trial at an instant. It ends with its credit or with its time, whichever is first (R38); then a payment makes it a
//! paying account, or it has run out, and what was made in it is suspended at once and destroyed a while later (R39), by the steps of arrears.

use super::{TrialEnd, TrialState};
use crate::policy::{Convert, ConvertBy, Trial as Policy};
use crate::time::{Duration, Instant, OutOfRange};

/// A trial as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub state: TrialState,
    pub began: Instant,
    /// When its time is over.
    pub ends: Instant,
    /// When it ended, and why.
    pub ended: Option<(Instant, TrialEnd)>,
    /// How many of its notices are over.
    pub notices: i64,
    /// Until when the payment after it is waited for, then when what was made in it is to be destroyed, as it was told when it ran out.
    pub until: Option<Instant>,
}

impl Trial {
    /// Whether nothing is filled up by itself: what follows a trial is the first, and where an operator ended it nobody is charged
    /// unless they pay again by themselves.
    pub fn holds_refills(&self) -> bool {
        let stopped = self.ended.is_some_and(|(_, why)| why == TrialEnd::Stopped);
        self.state == TrialState::Running || (stopped && self.state == TrialState::RunOut)
    }
}

/// What a policy says of trials that run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long before its end it is announced.
    pub notices: Vec<Duration>,
    /// So long a payment after it is waited for.
    pub payment_wait: Duration,
    /// So long after the money ran out what was made in it is destroyed; none: it never is.
    pub destroy_after: Option<Duration>,
}

/// The payment after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// There is none, or it failed with every method.
    No,
    /// It is on its way, or nobody knows.
    Pending,
    Yes,
}

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Of its credit, less what has accrued.
    pub credit_left: i64,
    /// Everything that can be spent.
    pub spendable: i64,
    /// Something lives that costs.
    pub is_active: bool,
    /// A payment may be begun by itself.
    pub can_convert: bool,
    pub paid: Paid,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until then; none: for ever, unless something happens.
    Wait(Option<Instant>),
    /// It is about to end: it is told, and then waited.
    Announce(Trial),
    /// It has ended: the first payment is begun.
    Convert(Trial),
    /// It has come to another state.
    Become(Trial),
    /// Nothing pays for what was made in it.
    RunOut(Trial),
}

/// One that begins.
pub fn begun(policy: &Policy, now: Instant) -> Result<Trial, OutOfRange> {
    let ends = now.checked_add(policy.lasts)?;
    Ok(Trial { state: TrialState::Running, began: now, ends, ended: None, notices: 0, until: None })
}

/// The next thing to do. Asked again right after what it said was done, it says what comes next.
pub fn step(trial: &Trial, terms: &Terms, facts: &Facts, now: Instant) -> Result<Step, OutOfRange> {
    match trial.state {
        TrialState::Running if now >= trial.ends => end(trial, terms, facts, TrialEnd::Over, now),
        TrialState::Running if facts.credit_left <= 0 => end(trial, terms, facts, TrialEnd::Used, now),
        TrialState::Running => Ok(announce(trial, terms, now)),
        TrialState::Converting => match facts.paid {
            Paid::Yes => Ok(Step::Become(Trial { state: TrialState::Converted, until: None, ..trial.clone() })),
            Paid::Pending if trial.until.is_some_and(|until| now < until) => Ok(Step::Wait(trial.until)),
            Paid::Pending | Paid::No => left(trial, terms, facts, now),
        },
        // Whatever money it was: it pays for itself now.
        TrialState::RunOut if facts.spendable > 0 => {
            Ok(Step::Become(Trial { state: TrialState::Converted, until: None, ..trial.clone() }))
        }
        // What becomes of it is its account's ladder.
        TrialState::RunOut | TrialState::Converted | TrialState::Ended | TrialState::Destroyed => Ok(Step::Wait(None)),
    }
}

/// An operator ends it (R37): nobody is charged for that.
pub fn ended_by_hand(trial: &Trial, terms: &Terms, facts: &Facts, now: Instant) -> Result<Step, OutOfRange> {
    end(trial, terms, &Facts { can_convert: false, ..*facts }, TrialEnd::Stopped, now)
}

fn end(trial: &Trial, terms: &Terms, facts: &Facts, why: TrialEnd, now: Instant) -> Result<Step, OutOfRange> {
    let ended = Trial { ended: Some((now, why)), until: None, ..trial.clone() };
    if facts.is_active && facts.can_convert {
        let until = Some(now.checked_add(terms.payment_wait)?);
        return Ok(Step::Convert(Trial { state: TrialState::Converting, until, ..ended }));
    }
    left(&ended, terms, facts, now)
}

/// No payment comes: what is left of it goes on with money of its own, or is suspended.
fn left(trial: &Trial, terms: &Terms, facts: &Facts, now: Instant) -> Result<Step, OutOfRange> {
    if !facts.is_active {
        return Ok(Step::Become(Trial { state: TrialState::Ended, until: None, ..trial.clone() }));
    }
    if facts.spendable > 0 {
        return Ok(Step::Become(Trial { state: TrialState::Converted, until: None, ..trial.clone() }));
    }
    let until = terms.destroy_after.map(|after| now.checked_add(after)).transpose()?;
    Ok(Step::RunOut(Trial { state: TrialState::RunOut, until, ..trial.clone() }))
}

fn announce(trial: &Trial, terms: &Terms, now: Instant) -> Step {
    let times = terms.notices.iter().filter_map(|ahead| trial.ends.checked_sub(*ahead).ok());
    let mut times: Vec<Instant> = times.filter(|at| *at > trial.began).collect();
    times.sort_unstable();
    let over = i64::try_from(times.iter().filter(|at| **at <= now).count()).unwrap_or(i64::MAX);
    if over > trial.notices {
        // However many were missed: it is said once.
        return Step::Announce(Trial { notices: over, ..trial.clone() });
    }
    Step::Wait(times.into_iter().find(|at| *at > now).or(Some(trial.ends)))
}

/// What the first payment is of, in minor units of a currency with so many units in each: thirty days of what an hour costs, within bounds.
pub fn conversion_amount(convert: &Convert, per_hour: i64, units_per_minor: i64) -> i64 {
    let (min, max) = (convert.min.units(), convert.max.units());
    let wanted = match convert.by {
        ConvertBy::Fixed => max,
        ConvertBy::Projected30d => per_hour.saturating_mul(720),
    };
    // Whole coins, and never less than was projected.
    let minor = units_per_minor.max(1);
    let beyond = wanted.checked_rem(minor).unwrap_or(0);
    let whole = if beyond > 0 { wanted.saturating_sub(beyond).saturating_add(minor) } else { wanted };
    whole.clamp(min.min(max), max)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::config::Source;
    use crate::profile::{POLICY_FILE, Profile};

    /// 20.00 for three days, four services, 10.00 to 25.00 after it.
    pub(in crate::trial) fn policy() -> Policy {
        let text = "[cloud]\nid = \"one\"\nname = \"One\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n[brand]\nlegal_name = \"One\"\n\
            [auto_refill]\nthreshold = \"5.00\"\namount = \"25.00\"\n[trial]\ncredit = \"20.00\"\nlasts = \"72h\"\nmax_running = 4\nuncounted = [\"volume\"]\nexcluded = [\"domain\"]\n\
            refuse_card_funding = [\"prepaid\"]\nnotices = [\"24h\"]\nconvert = { min = \"10.00\", max = \"25.00\" }\n\
            destroy_after_run_out = \"24h\"\n";
        let catalog = "[[product]]\nid = \"volume\"\nname = \"V\"\nkind = \"running\"\nprice = \"1.00 / hour\"\n\
            [[product]]\nid = \"domain\"\nname = \"D\"\nkind = \"term\"\nprice = \"1.00\"\n";
        let read = Profile::read(&Source::new(POLICY_FILE, text), Some(&Source::new("catalog.toml", catalog)));
        read.usable().unwrap().policy.trial.unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn hours(count: i64) -> Duration {
        Duration::try_from_seconds(count * 3_600).unwrap()
    }

    fn terms() -> Terms {
        let payment_wait = Duration::try_from_seconds(600).unwrap();
        Terms { notices: vec![hours(24)], payment_wait, destroy_after: Some(hours(24)) }
    }

    const FULL: Facts = Facts { credit_left: 100, spendable: 100, is_active: true, can_convert: false, paid: Paid::No };
    const EMPTY: Facts = Facts { credit_left: 0, spendable: 0, ..FULL };

    fn trial() -> Trial {
        begun(&policy(), at("2026-04-01T10:00:00Z")).unwrap()
    }

    fn next(trial: &Trial, facts: Facts, now: &str) -> Step {
        step(trial, &terms(), &facts, at(now)).unwrap()
    }

    #[test]
    fn it_is_announced_a_day_before_and_once() {
        let trial = trial();
        assert_eq!(trial.ends, at("2026-04-04T10:00:00Z"));
        assert_eq!(next(&trial, FULL, "2026-04-01T10:00:00Z"), Step::Wait(Some(at("2026-04-03T10:00:00Z"))));
        assert_eq!(next(&trial, FULL, "2026-04-03T09:59:59Z"), Step::Wait(Some(at("2026-04-03T10:00:00Z"))));
        let Step::Announce(told) = next(&trial, FULL, "2026-04-03T10:00:00Z") else { panic!("a notice") };
        assert_eq!(next(&told, FULL, "2026-04-03T10:00:00Z"), Step::Wait(Some(trial.ends)));
    }

    #[test]
    fn the_first_of_credit_and_time_ends_it() {
        let trial = trial();
        let Step::RunOut(used) = next(&trial, EMPTY, "2026-04-02T00:00:00Z") else { panic!("its credit is used") };
        assert_eq!(used.ended, Some((at("2026-04-02T00:00:00Z"), TrialEnd::Used)));
        let Step::RunOut(over) = next(&trial, EMPTY, "2026-04-04T10:00:00Z") else { panic!("its time is over") };
        assert_eq!(over.ended.map(|(_, why)| why), Some(TrialEnd::Over));
        // Unused credit lapses with its time, so nothing is left to spend; what nothing costs simply ends.
        let idle = Facts { is_active: false, can_convert: true, ..FULL };
        let Step::Become(done) = next(&trial, idle, "2026-04-04T10:00:00Z") else { panic!("nothing is left of it") };
        assert_eq!(done.state, TrialState::Ended, "nobody is charged for nothing");
        // Cash that came in the meantime pays on.
        let Step::Become(own) = next(&trial, Facts { spendable: 5, ..EMPTY }, "2026-04-02T00:00:00Z") else {
            panic!("cash")
        };
        assert_eq!(own.state, TrialState::Converted);
    }

    #[test]
    fn a_payment_makes_it_a_paying_account_or_is_not_waited_for_longer() {
        let able = Facts { can_convert: true, ..EMPTY };
        let Step::Convert(begun) = next(&trial(), able, "2026-04-02T00:00:00Z") else { panic!("it is charged") };
        let pending = Facts { paid: Paid::Pending, ..EMPTY };
        assert_eq!(next(&begun, pending, "2026-04-02T00:09:59Z"), Step::Wait(Some(at("2026-04-02T00:10:00Z"))));
        let Step::Become(paid) = next(&begun, Facts { paid: Paid::Yes, spendable: 9, ..EMPTY }, "2026-04-02T00:00:01Z")
        else {
            panic!("it is paid")
        };
        assert_eq!((paid.state, paid.until), (TrialState::Converted, None));
        assert!(matches!(next(&begun, EMPTY, "2026-04-02T00:00:01Z"), Step::RunOut(_)), "it failed");
        assert!(matches!(next(&begun, pending, "2026-04-02T00:10:00Z"), Step::RunOut(_)), "it takes too long");
    }

    #[test]
    fn what_ran_out_is_in_arrears_until_money_comes() {
        let Step::RunOut(out) = next(&trial(), EMPTY, "2026-04-02T00:00:00Z") else { panic!("it ran out") };
        assert_eq!(out.until, Some(at("2026-04-03T00:00:00Z")), "a day later it is to be destroyed");
        assert_eq!(next(&out, EMPTY, "2026-04-09T00:00:00Z"), Step::Wait(None), "which is its account's ladder");
        let Step::Become(saved) = next(&out, Facts { spendable: 1, ..EMPTY }, "2026-04-02T23:59:59Z") else {
            panic!("money came")
        };
        assert_eq!(saved.state, TrialState::Converted);
        let never = Terms { destroy_after: None, ..terms() };
        let Step::RunOut(kept) = step(&trial(), &never, &EMPTY, at("2026-04-02T00:00:00Z")).unwrap() else {
            panic!("it ran out")
        };
        assert_eq!(kept.until, None);
    }

    #[test]
    fn an_operator_ends_it_and_nobody_is_charged() {
        let able = Facts { can_convert: true, credit_left: 0, spendable: 0, ..FULL };
        let told = ended_by_hand(&trial(), &terms(), &able, at("2026-04-02T00:00:00Z")).unwrap();
        let Step::RunOut(stopped) = told else { panic!("{told:?}") };
        assert_eq!(stopped.ended.map(|(_, why)| why), Some(TrialEnd::Stopped));
        assert!(stopped.holds_refills() && trial().holds_refills());
        assert!(!Trial { state: TrialState::Converted, ..stopped }.holds_refills());
    }

    /// In hundredths of a cent, 100 a coin: 10.00 is 100,000 of them.
    #[test]
    fn the_first_payment_is_a_month_within_its_bounds() {
        let convert = policy().convert.unwrap();
        let minor = convert.min.currency().units_per_minor();
        let usd = |cents: i64| cents * minor;
        let amount = |per_hour: i64| conversion_amount(&convert, per_hour, minor);
        assert_eq!(amount(usd(1)), usd(1_000), "720 x 0.01 = 7.20 is less than the least");
        assert_eq!(amount(usd(2)), usd(1_440), "720 x 0.02");
        assert_eq!(amount(usd(2) + 1), usd(1_441), "a coin that is begun counts");
        assert_eq!(amount(usd(5)), usd(2_500), "720 x 0.05 = 36.00 is more than the most");
        let fixed = Convert { by: ConvertBy::Fixed, ..convert };
        assert_eq!(conversion_amount(&fixed, 0, minor), usd(2_500));
    }
}
