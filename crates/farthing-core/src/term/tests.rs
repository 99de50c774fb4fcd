//! Known answers (cases P), and every change against a slow count of seconds.

use super::*;
use crate::catalog::{Charged, Proration};
use crate::money::{Currency, Money, Rounding, div_round};
use crate::time::{Instant, Period, Span, Zone};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn at(text: &str) -> Instant {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    Instant::parse(&text).unwrap()
}

fn month() -> Span {
    Span::parse("1mo").unwrap()
}

fn year() -> Span {
    Span::parse("1y").unwrap()
}

fn plan(name: &str, minor: i64, every: Span) -> Plan {
    let price = Money::from_minor(minor, usd()).unwrap().units();
    Plan { name: name.to_owned(), sku: String::new(), fixed: false, price, quantity: 1, every }
}

/// An agreement, and what was billed for it so far.
struct Story {
    facts: Vec<Fact>,
    schedule: Schedule,
    proration: Proration,
    charged: Charged,
    billed: BTreeMap<Key, Money>,
}

impl Story {
    fn new(schedule: Schedule, proration: Proration) -> Story {
        Story { facts: Vec::new(), schedule, proration, charged: Charged::Advance, billed: BTreeMap::new() }
    }

    fn tell(&mut self, when: &str, change: Change) {
        let number = i64::try_from(self.facts.len()).unwrap();
        self.facts.push(Fact { at: at(when), number, change });
    }

    /// Bills up to an instant, that second included; the lines, as `+10.00`, those that give back first.
    fn bill(&mut self, until: &str) -> String {
        let stretches = stretches(&self.facts, &self.schedule, &Zone::UTC).unwrap();
        let until = Instant::from_micros(at(until).micros() + 1);
        let owed = owed(&stretches, usd(), self.charged, self.proration, &Zone::UTC, until).unwrap();
        let mut sides = difference(&owed, &self.billed).unwrap();
        for side in &sides {
            let sum = self.billed.entry(side.key.clone()).or_insert(Money::zero(usd()));
            *sum = sum.checked_add(side.amount).unwrap();
        }
        sides.sort_by_key(|side| side.amount.units());
        let told = sides.iter().map(|side| {
            let minor = side.amount.to_minor().unwrap();
            format!("{}{}.{:02}", if minor < 0 { "-" } else { "+" }, minor.abs() / 100, minor.abs() % 100)
        });
        told.collect::<Vec<_>>().join(" ")
    }
}

fn on_day(day: u8, near: &str, every: Span) -> Schedule {
    Schedule::on_day(day, at(near), every, &Zone::UTC).unwrap()
}

/// case P1: bill day 31, 249.95 from 1 February 2012 with 30 days free, changed to 599.95 within them; then 29.95 at the end of a
/// term. 2 to 31 March are 29 of 31 days: 599.95 x 0.935483871 = 561.24.
#[test]
fn p1_a_trial_and_a_bill_day() {
    let mut story = Story::new(on_day(31, "2012-02-01", month()), Proration::Day);
    story.tell("2012-02-01", Change::Begin(plan("trial", 0, month())));
    story.tell("2012-03-02", Change::To(plan("gold", 24_995, month())));
    story.tell("2012-03-02", Change::To(plan("platinum", 59_995, month()))); // chosen in the trial
    assert_eq!(story.bill("2012-03-02"), "+561.24");
    story.tell("2012-03-31", Change::To(plan("silver", 2_995, month())));
    for (when, period) in [
        ("2012-03-31", "2012-03-31T00:00:00Z to 2012-04-30T00:00:00Z"),
        ("2012-04-30", "2012-04-30T00:00:00Z to 2012-05-31T00:00:00Z"),
        ("2012-05-31", "2012-05-31T00:00:00Z to 2012-06-30T00:00:00Z"),
        ("2012-06-30", "2012-06-30T00:00:00Z to 2012-07-31T00:00:00Z"),
    ] {
        assert_eq!(story.bill(when), "+29.95");
        assert!(story.billed.keys().any(|key| key.period.to_string() == period), "{period}");
    }
}

/// case P2: bill day 1, 249.95 from 1 April 2012, free to 1 May; on 12 May to 2399.95 a year: 354 of 365 days, 2327.62, and 20 of
/// 31 days back, 161.26.
#[test]
fn p2_from_a_month_to_a_year() {
    let mut story = Story::new(on_day(1, "2012-04-01", month()), Proration::Day);
    story.tell("2012-04-01", Change::Begin(plan("trial", 0, month())));
    story.tell("2012-05-01", Change::To(plan("gold", 24_995, month())));
    assert_eq!(story.bill("2012-05-01"), "+249.95");
    story.tell("2012-05-12", Change::To(plan("gold yearly", 239_995, year())));
    assert_eq!(story.bill("2012-05-12"), "-161.26 +2327.62");
    assert_eq!(story.bill("2013-04-30"), "");
    assert_eq!(story.bill("2013-05-01"), "+2399.95");
}

/// case P3: yearly 2399.95 on 1 May 2012; on 11 May to 249.95 monthly: 21 of 31 days, 169.32, and 355 of 365 back, 2334.20: 2164.88 in
/// the customer's favour. The same day back: nothing is left of it.
#[test]
fn p3_a_change_and_its_undo() {
    let mut story = Story::new(on_day(1, "2012-05-01", year()), Proration::Day);
    story.tell("2012-05-01", Change::Begin(plan("yearly", 239_995, year())));
    assert_eq!(story.bill("2012-05-01"), "+2399.95");
    story.tell("2012-05-11", Change::To(plan("monthly", 24_995, month())));
    assert_eq!(story.bill("2012-05-11"), "-2334.20 +169.32");
    story.tell("2012-05-11", Change::To(plan("yearly", 239_995, year())));
    assert_eq!(story.bill("2012-05-11"), "-169.32 +2334.20");
    let sum: i64 = story.billed.values().map(|amount| amount.to_minor().unwrap()).sum();
    assert_eq!(sum, 239_995);
}

/// case P4: 249.95 on 2 March 2012, bill day 2; paused on 4 March: 29 of 31 days back, 233.82; resumed on 5 April: 27 of 30 days,
/// exactly 224.955, half up 224.96.
#[test]
fn p4_a_pause() {
    let mut story = Story::new(on_day(2, "2012-03-02", month()), Proration::Day);
    story.tell("2012-03-02", Change::Begin(plan("gold", 24_995, month())));
    assert_eq!(story.bill("2012-03-02"), "+249.95");
    story.tell("2012-03-04", Change::Pause);
    assert_eq!(story.bill("2012-03-04"), "-233.82");
    assert_eq!(story.bill("2012-04-05"), "");
    story.tell("2012-04-05", Change::Resume);
    assert_eq!(story.bill("2012-04-05"), "+224.96");
}

/// case P6: 10 to 20 on 2 January 2024: 1/31 of 10 is kept, 0.32, and 30/31 of 20 is 19.35; 6 to 10 keeps 0.19 and costs 9.68. 20 to 50
/// after 15 of 30 days: -10 + 25 = 15.
#[test]
fn p6_a_change_of_plan() {
    let check = |from: i64, to: i64, begin: &str, change: &str, expected: &str| {
        let mut story = Story::new(Schedule::from(at(begin), month(), &Zone::UTC).unwrap(), Proration::Second);
        story.tell(begin, Change::Begin(plan("small", from, month())));
        story.bill(begin);
        story.tell(change, Change::To(plan("large", to, month())));
        assert_eq!(story.bill(change), expected);
    };
    check(1_000, 2_000, "2024-01-01", "2024-01-02", "-9.68 +19.35");
    check(600, 1_000, "2024-01-01", "2024-01-02", "-5.81 +9.68");
    check(2_000, 5_000, "2024-04-01", "2024-04-16", "-10.00 +25.00");
}

/// case P9: 30.00 from the 13th of a month of 31 days: (31 - 12) / 31 -> 18.39
#[test]
fn p9_from_the_13th() {
    let mut story = Story::new(on_day(1, "2024-01-13", month()), Proration::Day);
    story.tell("2024-01-13", Change::Begin(plan("pro", 3_000, month())));
    assert_eq!(story.bill("2024-01-13"), "+18.39");
    assert_eq!(story.bill("2024-02-01"), "+30.00");
}

#[test]
fn periods_return_to_their_day() {
    let begins = |start: &str, every: &str, zone: &str, n: i64| {
        let schedule = Schedule::from(at(start), Span::parse(every).unwrap(), &Zone::parse(zone).unwrap()).unwrap();
        schedule.period(n).unwrap().start().to_string()
    };
    assert_eq!(begins("2026-01-31", "1mo", "UTC", 1), "2026-02-28T00:00:00Z");
    assert_eq!(begins("2026-01-31", "1mo", "UTC", 2), "2026-03-31T00:00:00Z");
    assert_eq!(begins("2028-02-29", "1y", "UTC", 1), "2029-02-28T00:00:00Z");
    assert_eq!(begins("2028-02-29", "1y", "UTC", 4), "2032-02-29T00:00:00Z");
    assert_eq!(begins("2026-01-31", "3mo", "UTC", 1), "2026-04-30T00:00:00Z");
    // A week is 168 hours, also over the night in which clocks go forward: noon in Rome becomes one o'clock.
    assert_eq!(begins("2026-03-27T11:00:00Z", "1w", "Europe/Rome", 1), "2026-04-03T11:00:00Z");
    // A month is until the same time of the clock: noon is noon.
    assert_eq!(begins("2026-03-27T11:00:00Z", "1mo", "Europe/Rome", 1), "2026-04-27T10:00:00Z");
}

#[test]
fn a_period_that_has_begun_counts_whole() {
    let weekly = Span::parse("1w").unwrap();
    let mut story = Story::new(Schedule::from(at("2026-03-02"), weekly, &Zone::UTC).unwrap(), Proration::Whole);
    story.tell("2026-03-02", Change::Begin(plan("cluster", 336_000, weekly)));
    assert_eq!(story.bill("2026-03-02"), "+3360.00");
    assert_eq!(story.bill("2026-03-09"), "+3360.00");
    story.tell("2026-03-09T00:00:01Z", Change::End);
    assert_eq!(story.bill("2026-03-10"), "");
}

#[test]
fn on_the_boundary_nothing_of_the_next_period_is_owed() {
    for charged in [Charged::Advance, Charged::Arrears] {
        let mut story = Story::new(Schedule::from(at("2026-01-31"), month(), &Zone::UTC).unwrap(), Proration::Second);
        story.charged = charged;
        story.tell("2026-01-31", Change::Begin(plan("small", 3_100, month())));
        story.bill("2026-02-27");
        story.tell("2026-02-28", Change::To(plan("large", 6_200, month())));
        story.tell("2026-02-28", Change::End);
        story.bill("2026-02-28");
        let sum: i64 = story.billed.values().map(|amount| amount.to_minor().unwrap()).sum();
        assert_eq!(sum, 3_100, "{charged:?}");
    }
}

#[test]
fn two_changes_in_one_second_leave_the_last() {
    let mut story = Story::new(Schedule::from(at("2026-04-01"), month(), &Zone::UTC).unwrap(), Proration::Second);
    story.tell("2026-04-01", Change::Begin(plan("small", 2_000, month())));
    story.bill("2026-04-01");
    story.tell("2026-04-16T00:00:00.100Z", Change::To(plan("huge", 90_000, month())));
    story.tell("2026-04-16T00:00:00.900Z", Change::To(plan("large", 5_000, month())));
    assert_eq!(story.bill("2026-04-16T00:00:01Z"), "-10.00 +25.00");
}

#[test]
fn what_goes_back_is_the_cash_share_by_a_running_sum() {
    let cents = 1_000_000;
    // 100.00, half by credit: half of it unused gives 25.00; the rest of it later the other 25.00.
    let whole = TermMoney { value: 10_000 * cents, cash: 5_000 * cents, ..TermMoney::default() };
    let mut money = whole;
    assert_eq!(money.give_up(5_000 * cents, cents).unwrap(), Given { value: 5_000 * cents, cash: 2_500 * cents });
    assert_eq!(money.give_up(9_000 * cents, cents).unwrap(), Given { value: 5_000 * cents, cash: 2_500 * cents });
    assert_eq!(money.give_up(1, cents).unwrap(), Given::default());
    // In 7 parts it is the same sum.
    let mut money = whole;
    let sum: i64 = (0..7).map(|_| money.give_up(1_000 * cents, cents).unwrap().cash).sum();
    let mut once = whole;
    assert_eq!(sum, once.give_up(7_000 * cents, cents).unwrap().cash);
    // To another term it goes with what paid it.
    let mut money = whole;
    let other = money.hand_over(4_000 * cents).unwrap();
    assert_eq!((other.value, other.cash), (4_000 * cents, 2_000 * cents));
    assert_eq!((money.value, money.cash), (6_000 * cents, 3_000 * cents));
}

#[test]
fn orders_go_one_way() {
    use OrderEvent as E;
    use OrderState as S;
    let steps = |events: &[E]| events.iter().try_fold(S::Due, |state, event| state.after(*event));
    assert_eq!(steps(&[E::Pay, E::Provisioned]), Some(S::Active));
    assert_eq!(steps(&[E::Pay, E::Fail]), Some(S::Voided));
    assert_eq!(steps(&[E::PayAtOnce]), Some(S::Active));
    assert_eq!(steps(&[E::Expire, E::Pay]), None); // money that comes later pays nothing (R16)
    assert_eq!(steps(&[E::Pay, E::Fail, E::Provisioned]), None);
    for state in S::ALL {
        assert_eq!(S::parse(state.name()), Some(state));
    }
}

// --- Every change against a slow count

/// What is in force at a second: the plan that the last fact told of it leaves, found by going through all of them.
fn in_force(facts: &[Fact], second: Instant) -> Option<&Plan> {
    let mut told: Vec<&Fact> = facts.iter().collect();
    told.sort_by_key(|fact| (fact.at.floor_second(), fact.number));
    let (mut plan, mut runs) = (None, false);
    for fact in told.into_iter().filter(|fact| fact.at.floor_second() <= second) {
        match &fact.change {
            Change::Begin(new) => (plan, runs) = (Some(new), true),
            Change::To(new) => plan = Some(new),
            Change::Pause => runs = false,
            Change::Resume => runs = true,
            Change::End => return None,
        }
    }
    plan.filter(|_| runs)
}

/// Adds up every step (an hour, or a day) of a month, by plan: how many are had, and what that is of the month's price.
fn counted(facts: &[Fact], period: Period, step: i64) -> BTreeMap<String, (i64, i64)> {
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut second = period.start();
    while second < period.end() {
        if let Some(plan) = in_force(facts, second) {
            let sum = sums.entry(plan.name.clone()).or_insert((0, plan.price * plan.quantity));
            sum.0 += step;
        }
        second = Instant::try_from_seconds(second.seconds_since(Instant::EPOCH) + step).unwrap();
    }
    sums
}

fn changes() -> impl Strategy<Value = Vec<(u8, i64, i64)>> {
    // what, in which hour of two months, how much
    proptest::collection::vec((0_u8..5, 1_i64..1_400, 1_i64..4), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    /// up, down, quantity, pause, cancel, back-dated (they are told in any order) x in advance, in arrears x second, day.
    #[test]
    fn any_changes_come_to_what_their_seconds_come_to(
        changes in changes(), prices in (100_i64..90_000, 100_i64..90_000), day: bool, arrears: bool, steps in 1_usize..5,
    ) {
        let start = at("2026-01-31");
        let schedule = Schedule::from(start, month(), &Zone::UTC).unwrap();
        let (proration, step) = if day { (Proration::Day, 86_400) } else { (Proration::Second, 3_600) };
        let mut story = Story::new(schedule.clone(), proration);
        story.charged = if arrears { Charged::Arrears } else { Charged::Advance };
        story.tell("2026-01-31", Change::Begin(plan("a1", prices.0, month())));
        let mut asked = 0;
        for (what, hour, quantity) in changes {
            let hour = if day { hour / 24 * 24 } else { hour };
            let when = Instant::try_from_seconds(start.seconds_since(Instant::EPOCH) + hour.max(step / 3_600) * 3_600).unwrap();
            let sized = |name: &str, price: i64| Plan { quantity, name: format!("{name}{quantity}"), ..plan(name, price, month()) };
            let change = match what {
                0 => Change::To(sized("a", prices.0)),
                1 => Change::To(sized("b", prices.1)),
                2 => Change::Pause,
                3 => Change::Resume,
                _ => Change::End,
            };
            story.tell(&when.to_string(), change);
            // Billed now and then on the way: what was billed wrongly is put right.
            asked += 1;
            if asked % steps == 0 {
                story.bill("2026-03-10");
            }
        }
        story.bill("2026-05-20");
        for n in 0..3 {
            let period = schedule.period(n).unwrap();
            let counted = counted(&story.facts, period, step);
            let mut billed: BTreeMap<String, i64> = BTreeMap::new();
            for (key, amount) in &story.billed {
                if key.period == period {
                    *billed.entry(key.plan.name.clone()).or_default() += amount.to_minor().unwrap();
                }
            }
            for (name, amount) in &billed {
                let (had, price) = counted.get(name).copied().unwrap_or((0, 0));
                let exact = i128::from(price) * i128::from(had);
                let minor = div_round(exact, i128::from(period.seconds()) * 1_000_000, Rounding::HalfUp).unwrap();
                // Each cut of the period rounds once, half a minor unit at most; a plan that is had whole costs its price.
                let cuts = i128::try_from(story.facts.len()).unwrap() + 1;
                prop_assert!((i128::from(*amount) - minor).abs() <= cuts, "{} {}: {} for {}", n, name, amount, minor);
                if had == 0 { prop_assert_eq!(*amount, 0); }
                if had == period.seconds() { prop_assert_eq!(i128::from(*amount), minor); }
            }
            for (name, (had, price)) in counted {
                prop_assert!(billed.contains_key(&name) || had * price < period.seconds() * 1_000_000, "{} is missing", name);
            }
        }
    }

    /// Wherever a period is cut, its parts cost what it costs.
    #[test]
    fn parts_of_a_period_cost_the_period(price in 0_i64..10_000_000, cuts in proptest::collection::vec(0_i64..2_592_000, 0..6), day: bool) {
        let period = Period::try_new(at("2026-04-01"), at("2026-05-01")).unwrap();
        let proration = if day { Proration::Day } else { Proration::Second };
        let price = Money::from_minor(price, usd()).unwrap();
        let mut cuts: Vec<i64> = cuts.into_iter().chain([0, 2_592_000]).collect();
        cuts.sort_unstable();
        let place = |second: i64| Instant::try_from_seconds(at("2026-04-01").seconds_since(Instant::EPOCH) + second).unwrap();
        let mut sum = Money::zero(usd());
        for pair in cuts.windows(2) {
            let part = Period::try_new_or_empty(place(pair[0]), place(pair[1])).unwrap();
            sum = sum.checked_add(worth(price, period, part, proration, &Zone::UTC).unwrap()).unwrap();
        }
        prop_assert_eq!(sum, price);
    }
}
