//! What everything should have cost by an instant, walked from cut to cut.
//!
//! A linear price: of each run, round(rate x seconds x size). A price with memory: of each rating period, round(model(total)),
//! under its cap, and its minimum when it closes. A run is the longest stretch of seconds with one thing, one payer, one price.

use super::fraction::Fraction;
use super::price::{Aggregate, Kind, Length, Per, Price, Product, Whose};
use super::story::{Happening, Life, SECOND, State, Story, Subject, What};
use farthing_core::time::{CivilDate, Instant, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// By account and product, in units of money.
pub type Costs = BTreeMap<(usize, usize), i64>;

/// Where nobody says otherwise, only the seconds are walked at which anything can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    Cuts,
    EverySecond,
}

pub fn costs(story: &Story, told: &[Happening], now: i64, steps: Steps) -> Costs {
    let walk = Walk {
        story,
        told,
        now,
        steps,
        zone: Zone::parse(story.zone).expect("a zone"),
        versions: versions(story, told),
    };
    let mut costs = Costs::new();
    let lives: Vec<Life> = (0..story.things.len()).map(|thing| story.life(told, thing)).collect();
    for (number, product) in story.products.iter().enumerate() {
        let own: Vec<usize> = (0..story.things.len()).filter(|thing| story.things[*thing].product == number).collect();
        match product.kind {
            Kind::Usage(aggregate) => walk.usage(number, aggregate, &lives, &mut costs),
            _ if product.shared().is_some() => walk.shared(number, product, &own, &lives, &mut costs),
            _ => own.iter().for_each(|thing| walk.thing(number, product, &lives[*thing], &mut costs)),
        }
    }
    costs.retain(|_, cost| *cost != 0);
    costs
}

/// Which version rules from which second on. The first one rules before its start too.
fn versions(story: &Story, told: &[Happening]) -> Vec<(i64, Vec<Product>)> {
    let mut applied: Vec<&Happening> =
        told.iter().filter(|happening| matches!(happening.what, What::Version { .. })).collect();
    applied.sort_by_key(|happening| (happening.told, happening.id));
    let mut numbered: Vec<(i64, usize, Vec<Product>)> = vec![(story.start, 0, story.products.clone())];
    for happening in applied {
        let What::Version { products, starts, corrects } = &happening.what else { continue };
        let start = match (corrects, starts) {
            (Some(number), _) => numbered[usize::try_from(*number - 1).expect("a number of a version")].0,
            (None, Some(starts)) => *starts,
            (None, None) => happening.told,
        };
        numbered.push((start, numbered.len(), products.clone()));
    }
    // In force is the version that started last; of two with one start, the later number.
    numbered.sort_by_key(|(start, number, _)| (*start, *number));
    let mut rules: Vec<(i64, Vec<Product>)> = Vec::new();
    for (start, _, products) in numbered {
        rules.retain(|(other, _)| *other != start);
        rules.push((start, products));
    }
    rules
}

struct Walk<'a> {
    story: &'a Story,
    told: &'a [Happening],
    now: i64,
    steps: Steps,
    zone: Zone,
    versions: Vec<(i64, Vec<Product>)>,
}

/// A stretch of seconds in which nothing changes.
struct Stretch {
    from: i64,
    to: i64,
    payer: usize,
    price: Price,
    /// What of the price its state costs, in hundredths.
    share: i64,
    /// Millionths of what is priced, above what is free of it.
    size: i64,
    /// Another number is another run.
    run: i64,
    run_share: i64,
}

/// Of one payer: the run that goes on.
struct Run {
    to: i64,
    payer: usize,
    price: Price,
    share: i64,
    number: i64,
    month: i64,
    exact: Fraction,
}

#[derive(Default)]
struct RatingPeriod {
    cost: i64,
    totals: Vec<(Price, Fraction)>,
    covered: i64,
    last: Option<Price>,
}

impl Walk<'_> {
    /// The price at a second: with memory that of its rating period, a kept one that of when it was taken.
    fn price(&self, product: usize, sku: usize, second: i64, kept_from: Option<i64>) -> Price {
        let at = |second: i64| {
            let found = self.versions.iter().rev().find(|(from, _)| *from <= second).unwrap_or(&self.versions[0]);
            found.1[product].price(sku).clone()
        };
        if self.story.products[product].fixed
            && let Some(taken) = kept_from
        {
            return at(taken);
        }
        let price = at(second);
        if price.has_memory() { at(self.period(product, second).0) } else { price }
    }

    fn period(&self, product: usize, second: i64) -> (i64, i64) {
        match self.story.products[product].period {
            Length::Hours(hours) => {
                let start = second - second.rem_euclid(hours * 3_600);
                (start, start + hours * 3_600)
            }
            Length::Month => self.month(second),
        }
    }

    fn month(&self, second: i64) -> (i64, i64) {
        let date = self.zone.civil_date_of(instant(second)).expect("in the calendar");
        let (year, month) = (date.year(), date.month());
        let first = |year, month| {
            let date = CivilDate::try_new(year, month, 1).expect("a month's first");
            seconds(self.zone.start_of_day(date).expect("in the calendar"))
        };
        let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        (first(year, month), first(next.0, next.1))
    }

    /// Where anything can change for this product between two seconds.
    fn cuts(&self, product: usize, from: i64, own: impl Iterator<Item = i64>) -> Vec<i64> {
        if self.steps == Steps::EverySecond {
            return (from..=self.now).collect();
        }
        let mut cuts: BTreeSet<i64> = own.chain(self.versions.iter().map(|(start, _)| *start)).collect();
        for length in [Length::Month, self.story.products[product].period] {
            let mut second = from;
            while second < self.now {
                second = if length == Length::Month { self.month(second).1 } else { self.period(product, second).1 };
                cuts.insert(second);
            }
        }
        cuts.insert(from);
        cuts.insert(self.now);
        cuts.retain(|cut| (from..=self.now).contains(cut));
        cuts.into_iter().collect()
    }

    // --- What runs, or has a size

    fn thing(&self, number: usize, product: &Product, life: &Life, costs: &mut Costs) {
        let Some((first, _)) = life.looks.first() else { return };
        let own = life.looks.iter().map(|(second, _)| *second).chain(life.sessions.iter().map(|(end, _)| *end));
        let mut stretches = Vec::new();
        for pair in self.cuts(number, *first, own).windows(2) {
            let Some(look) = life.at(pair[0]) else { continue };
            let share = share(product, look.state);
            if share == 0 {
                continue;
            }
            let price = self.price(number, look.sku, pair[0], Some(look.priced_at));
            let free = match product.kind {
                Kind::Capacity { free: Some((free, _)) } => free * 1_000_000,
                _ => 0,
            };
            let size = (look.size - free).max(0);
            // A reading starts no run; another number of what runs does. What is not there at all is no run either.
            let is_size = matches!(product.kind, Kind::Capacity { .. });
            if size == 0 && !is_size {
                continue;
            }
            let run = if is_size { 0 } else { size * share };
            // What of the price its state costs and how many there are make one price of what runs.
            let run_share = if is_size { share } else { 0 };
            stretches.push(Stretch {
                from: pair[0],
                to: pair[1],
                payer: look.payer,
                price,
                share,
                size,
                run,
                run_share,
            });
        }
        let sessions: Vec<(i64, i64)> = life
            .sessions
            .iter()
            .filter(|(end, _)| *end <= self.now)
            .map(|(end, began)| (*end, product.missing_seconds(end - began)))
            .collect();
        self.rate(number, &stretches, &sessions, costs);
    }

    /// A free size that several things have together.
    fn shared(&self, number: usize, product: &Product, own: &[usize], lives: &[Life], costs: &mut Costs) {
        let Some((free, whose)) = product.shared() else { return };
        let firsts = own.iter().filter_map(|thing| lives[*thing].looks.first()).map(|(second, _)| *second);
        let Some(first) = firsts.min() else { return };
        for payer in 0..self.story.accounts {
            let scopes: &[Option<bool>] = match whose {
                Whose::Account | Whose::Resource => &[None],
                Whose::Project => &[Some(true), Some(false)],
            };
            for scope in scopes {
                let members: Vec<&Life> = own
                    .iter()
                    .filter(|thing| scope.is_none_or(|wanted| self.story.things[**thing].in_project == wanted))
                    .map(|thing| &lives[*thing])
                    .collect();
                let changes = members.iter().flat_map(|life| life.looks.iter().map(|(second, _)| *second));
                let mut stretches = Vec::new();
                for pair in self.cuts(number, first, changes).windows(2) {
                    let there: Vec<_> = members
                        .iter()
                        .filter_map(|life| life.at(pair[0]))
                        .filter(|look| look.payer == payer && share(product, look.state) > 0)
                        .collect();
                    if there.is_empty() {
                        continue;
                    }
                    let together: i64 = there.iter().map(|look| look.size * share(product, look.state) / 100).sum();
                    stretches.push(Stretch {
                        from: pair[0],
                        to: pair[1],
                        payer,
                        price: self.price(number, 0, pair[0], None),
                        share: 100,
                        size: (together - free * 1_000_000).max(0),
                        run: 0,
                        run_share: 0,
                    });
                }
                self.rate(number, &stretches, &[], costs);
            }
        }
    }

    /// Stretches in order of time to money. `sessions`: when one ended, and how many seconds it counts beyond its own.
    fn rate(&self, product: usize, stretches: &[Stretch], sessions: &[(i64, i64)], costs: &mut Costs) {
        let mut runs: Vec<Run> = Vec::new();
        let mut periods: BTreeMap<(usize, i64), RatingPeriod> = BTreeMap::new();
        for stretch in stretches {
            let ends = sessions.iter().filter(|(end, missing)| *end == stretch.to && *missing > 0);
            let missing = ends.map(|(_, missing)| *missing).next();
            let month = self.month(stretch.from);
            let second = self.of_second(stretch, month.1 - month.0);
            if stretch.price.has_memory() {
                let (start, _) = self.period(product, stretch.from);
                let period = periods.entry((stretch.payer, start)).or_default();
                period.go_on(&stretch.price, second, stretch.to - stretch.from, missing);
                continue;
            }
            let month = if stretch.price.per == Per::Month { self.period(product, stretch.from).0 } else { 0 };
            let joins = runs.last().is_some_and(|run| {
                run.to == stretch.from
                    && run.payer == stretch.payer
                    && run.price == stretch.price
                    && run.share == stretch.run_share
                    && run.number == stretch.run
                    && run.month == month
            });
            if !joins {
                runs.push(Run {
                    to: stretch.from,
                    payer: stretch.payer,
                    price: stretch.price.clone(),
                    share: stretch.run_share,
                    number: stretch.run,
                    month,
                    exact: Fraction::ZERO,
                });
            }
            let run = runs.last_mut().expect("one was pushed");
            let rate = second * stretch.price.plain();
            run.exact = run.exact + rate * Fraction::whole(stretch.to - stretch.from);
            run.to = stretch.to;
            if let Some(missing) = missing {
                let beyond = (run.exact + rate * Fraction::whole(missing)).round_half_even();
                add(costs, stretch.payer, product, beyond - run.exact.round_half_even());
            }
        }
        for run in runs {
            add(costs, run.payer, product, run.exact.round_half_even());
        }
        for ((payer, start), period) in periods {
            let (_, end) = self.period(product, start);
            add(costs, payer, product, period.cost);
            if end <= self.now {
                let prorated =
                    if self.story.products[product].prorate { (period.covered, end - start) } else { (1, 1) };
                add(costs, payer, product, true_up(period.last.as_ref(), period.cost, prorated));
            }
        }
    }

    /// How many of what is priced a second of it is.
    fn of_second(&self, stretch: &Stretch, month_seconds: i64) -> Fraction {
        let time = match stretch.price.per {
            Per::Hour => 3_600,
            Per::Month => month_seconds,
            Per::Each => 1,
        };
        let size = Fraction::new(i128::from(stretch.size), 1_000_000);
        size * Fraction::new(i128::from(stretch.share), 100) * Fraction::new(1, i128::from(time))
    }

    // --- What is used

    fn usage(&self, number: usize, aggregate: Aggregate, lives: &[Life], costs: &mut Costs) {
        type Events = Vec<(i64, usize, i64)>;
        let mut linear: BTreeMap<(usize, String, i64), (Price, Events)> = BTreeMap::new();
        let mut periods: BTreeMap<(usize, i64), (Price, Events)> = BTreeMap::new();
        for happening in self.told {
            let What::Use { product, subject, quantity } = happening.what else { continue };
            let second = happening.at_micros.div_euclid(SECOND);
            if product != number || second > self.now {
                continue;
            }
            let payer = match subject {
                Subject::Account(account) => account,
                Subject::Thing(thing) => {
                    let life = &lives[thing];
                    let first = life.looks.first().map(|(_, look)| *look);
                    life.at(second).or(first).map_or(0, |look| look.payer)
                }
            };
            let price = self.price(number, 0, second, None);
            let event = (happening.at_micros, happening.id, quantity);
            if price.has_memory() || matches!(aggregate, Aggregate::Max | Aggregate::Latest) {
                let start = self.period(number, second).0;
                let price = self.price_of_period(number, second, aggregate);
                periods.entry((payer, start)).or_insert((price, Vec::new())).1.push(event);
            } else {
                // As long as versions say the same price it is one run of use.
                let place = self.versions.iter().rposition(|(from, _)| *from <= second).unwrap_or(0);
                let mut first = place;
                while first > 0 && *self.versions[first - 1].1[number].price(0) == price {
                    first -= 1;
                }
                let from = i64::try_from(first).expect("few");
                linear.entry((payer, format!("{subject:?}"), from)).or_insert((price, Vec::new())).1.push(event);
            }
        }
        for ((payer, ..), (price, events)) in linear {
            add(costs, payer, number, (total(aggregate, &events) * price.plain()).round_half_even());
        }
        for ((payer, start), (price, events)) in periods {
            let mut cost = price.amount(total(aggregate, &events));
            cost = price.cap.map_or(cost, |cap| cost.min(cap));
            if self.period(number, start).1 <= self.now {
                cost += true_up(Some(&price), cost, (1, 1));
            }
            add(costs, payer, number, cost);
        }
    }

    fn price_of_period(&self, number: usize, second: i64, aggregate: Aggregate) -> Price {
        let start = self.period(number, second).0;
        let by_period = matches!(aggregate, Aggregate::Max | Aggregate::Latest);
        self.price(number, 0, if by_period { start } else { second }, None)
    }
}

impl RatingPeriod {
    /// So many more seconds at a price; `missing` of a session that ends with them are money, not seconds.
    fn go_on(&mut self, price: &Price, of_second: Fraction, seconds: i64, missing: Option<i64>) {
        let place = self.totals.iter().position(|(other, _)| other == price).unwrap_or_else(|| {
            self.totals.push((price.clone(), Fraction::ZERO));
            self.totals.len() - 1
        });
        let before = self.totals[place].1;
        let after = before + of_second * Fraction::whole(seconds);
        self.totals[place].1 = after;
        self.charge(price, before, after);
        if let Some(missing) = missing.filter(|_| !of_second.is_zero()) {
            self.charge(price, after, after + of_second * Fraction::whole(missing));
        }
        self.covered += seconds;
        self.last = Some(price.clone());
    }

    /// What was charged already counts against the cap of the price in force.
    fn charge(&mut self, price: &Price, before: Fraction, after: Fraction) {
        let Some(cap) = price.cap else {
            self.cost += price.amount(after) - price.amount(before);
            return;
        };
        let step = price.amount(after).min(cap) - price.amount(before).min(cap);
        self.cost += step.min((cap - self.cost).max(0));
    }
}

fn total(aggregate: Aggregate, events: &[(i64, usize, i64)]) -> Fraction {
    let millionths: i128 = match aggregate {
        Aggregate::Sum => events.iter().map(|(.., quantity)| i128::from(*quantity)).sum(),
        Aggregate::Count => i128::try_from(events.len()).expect("few") * 1_000_000,
        Aggregate::Max => events.iter().map(|(.., quantity)| i128::from(*quantity)).max().unwrap_or(0),
        Aggregate::Latest => events.iter().max().map_or(0, |(.., quantity)| i128::from(*quantity)),
    };
    Fraction::new(millionths, 1_000_000)
}

fn true_up(price: Option<&Price>, cost: i64, (covered, whole): (i64, i64)) -> i64 {
    let minimum = price.and_then(|price| price.minimum).unwrap_or(0);
    let least = (Fraction::whole(minimum) * Fraction::new(i128::from(covered), i128::from(whole))).round_half_even();
    (least - cost).max(0)
}

fn share(product: &Product, state: State) -> i64 {
    match state {
        State::Running => 100,
        State::Stopped => product.stopped_percent,
        State::Failed | State::Deleted => 0,
    }
}

fn add(costs: &mut Costs, payer: usize, product: usize, cost: i64) {
    *costs.entry((payer, product)).or_default() += cost;
}

pub fn instant(second: i64) -> Instant {
    Instant::try_from_seconds(second).expect("in the calendar")
}

fn seconds(at: Instant) -> i64 {
    at.seconds_since(Instant::EPOCH)
}
